"""The bench: agents meet the same users; results, statistics, tables and plots."""
