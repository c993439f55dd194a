"""The ConvSim family: search with clarifying questions and feedback (docs/convsim.md)."""
