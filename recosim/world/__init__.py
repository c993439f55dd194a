"""Worlds: items, attributes, users and interactions."""
