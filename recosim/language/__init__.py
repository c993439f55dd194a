"""Language: acts as text, and text as acts."""

from recosim.language.context import Context
from recosim.language.language import Language
from recosim.language.parser import Parser
from recosim.language.phrases import STYLES
from recosim.language.templates import Templates

__all__ = ["STYLES", "Context", "Language", "Parser", "Templates"]
