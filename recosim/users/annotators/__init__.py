"""Annotators: users who are shown lists, rate them and compare them (docs/annotators.md)."""
