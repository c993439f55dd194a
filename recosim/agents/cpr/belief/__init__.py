"""A belief about the target in Bayes' rule, and `pathfinder`, the agent that keeps it."""
