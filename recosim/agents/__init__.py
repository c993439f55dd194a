"""Agents: policies over acts, batched."""

from recosim.agents.base import Agent, Decision

__all__ = ["Agent", "Decision"]
