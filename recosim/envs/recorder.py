"""Temporary."""

from recosim.envs.cpr.columns import Recorder, Words

__all__ = ["Recorder", "Words"]
