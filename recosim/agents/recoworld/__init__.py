"""Agents that live with the users of RecoWorld."""
