"""`Dialect`: what a server does not take of OpenAI's parameters, found out from its refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from recosim.chat.failures import Said
from recosim.chat.settings import ChatSettings, Form

__all__ = ["Dialect"]

OTHER_FIELD = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
# What a refusal calls a parameter. Those of the messages come last: their words are everyday ones.
NAMES = {
    "tokens": r"max_(?:completion_|new_|output_)?tokens|maxOutputTokens|max_length",
    "form": r"response_format|json_schema|json_object|structured.outputs?|guided_\w+|\bgrammar\b"
    r"|json.schema|additionalProperties|json.mode",
    "seed": r"\bseed\b",
    "temperature": r"\btemperature\b|\bsampling\b",
    "system": r"\bsystem\b.{0,40}\brole|\brole\b.{0,40}\bsystem\b|system.(?:message|prompt|"
    r"instruction)|developer.instruction|\bmessages\b.{0,40}\brole\b"
    r"|roles? must alternate|alternat\w+ .{0,40}\brole",
}
# A prompt that is too long names the limit of the answer; another name for it would not help.
TOO_LONG = re.compile(r"context.(?:length|window|size)|n_ctx|maximum context|too many tokens", re.I)
FORMS: dict[Form, Form] = {"schema": "json", "json": "prompt"}


@dataclass(frozen=True)
class Dialect:
    """How one server wants to be asked.

    Attributes:
        form: how the form of an answer is conveyed.
        tokens_field: how the limit of an answer is called; "" leaves it out.
        seed, temperature: whether they are sent.
        system: whether it takes messages of the role system.
    """

    form: Form
    tokens_field: str = "max_tokens"
    seed: bool = True
    temperature: bool = True
    system: bool = True

    @staticmethod
    def of(settings: ChatSettings, form: Form | None) -> Dialect:
        """How a server is asked that has not refused anything."""
        return Dialect(form or "schema", settings.tokens_field)

    def without(self, said: Said, given: dict[str, Any], renamed: bool) -> Dialect | None:
        """The dialect without what a refusal names; None if it names nothing that can go.

        Args:
            given: the parameters of the call that was refused.
            renamed: whether the limit of an answer has had its other name.
        """
        for text in (said.param, f"{said.code} {said.text}", said.whole):
            found = {name: re.search(pattern, text, re.I) for name, pattern in NAMES.items()}
            # What is named first is what is refused; what may be given instead stands behind it.
            places = sorted((at.start(), name) for name, at in found.items() if at)
            for _, name in places:
                if name == "tokens" and self.tokens_field and not TOO_LONG.search(said.text):
                    other = "" if renamed else OTHER_FIELD[self.tokens_field]
                    return replace(self, tokens_field=other)
                if name == "form" and "response_format" in given:
                    return replace(self, form=FORMS[self.form])
                if name == "seed" and "seed" in given:
                    return replace(self, seed=False)
                if name == "temperature" and "temperature" in given:
                    return replace(self, temperature=False)
                if name == "system" and self.system:
                    return replace(self, system=False)
        return None

    def told(self, settings: ChatSettings) -> list[str]:
        """What is done otherwise for this server, in words, for a report."""
        usual = Dialect.of(settings, self.form)
        said = []
        if self.tokens_field != usual.tokens_field:
            said.append(f"max_tokens is sent as {self.tokens_field or 'nothing'}")
        for name in ("seed", "temperature"):
            if not getattr(self, name):
                said.append(f"no {name} is sent")
        if not self.system:
            said.append("the system's message is put before the first of the user")
        return said
