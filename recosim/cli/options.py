"""Options that several commands take, with the same words."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["PlotsOption", "ProtocolOption", "WorldOption"]

WorldOption = Annotated[
    str | None,
    typer.Option(help="Another world, by name or folder: `recosim data list` shows them."),
]
ProtocolOption = Annotated[
    str | None, typer.Option(help="Another protocol: scpr, unicorn, ear or mcmipl.")
]
PlotsOption = Annotated[bool, typer.Option(help="Draw plots (needs the extra `plot`).")]
