"""Agents that only make sense in the CPR family and those that stand on it."""
