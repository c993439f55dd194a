"""Agents that search for the users of ConvSim."""
