"""Agents: policies over acts, batched."""

from recosim.agents.base import Agent

__all__ = ["Agent"]
