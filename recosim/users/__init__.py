"""Users: who answers, and how wanting turns into acting."""

from recosim.users.behaviour import Behaviour

__all__ = ["Behaviour"]
