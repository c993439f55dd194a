"""Environments: the rules of each family, and the adapters through which libraries see them."""
