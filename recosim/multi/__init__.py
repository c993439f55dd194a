"""Several players: environments of PettingZoo (extra `[marl]`) on the cores of the families."""
