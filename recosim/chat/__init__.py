"""Language models: from a `ChatRequest` to a `ChatReply`, over any OpenAI-compatible server.

It knows nothing of users or recommenders. `Chat` is where to begin; docs/chat.md is its page.
"""

from recosim.chat.backend import Answer, ChatBackend, ChatFault, ScriptedBackend
from recosim.chat.budget import Budget
from recosim.chat.cassette import Cassette
from recosim.chat.cassette_text import export_cassette, import_cassette
from recosim.chat.chat import Chat
from recosim.chat.openai_backend import OpenAIBackend
from recosim.chat.opening import open_chat
from recosim.chat.report import ChatReport
from recosim.chat.request import ChatReply, ChatRequest, Message
from recosim.chat.settings import ChatSettings
from recosim.chat.share import OwnShare

__all__ = [
    "Chat",
    "ChatRequest",
    "ChatReply",
    "Message",
    "ChatSettings",
    "OpenAIBackend",
    "open_chat",
    "ScriptedBackend",
    "ChatBackend",
    "Answer",
    "ChatFault",
    "Cassette",
    "export_cassette",
    "import_cassette",
    "Budget",
    "ChatReport",
    "OwnShare",
]
