"""Playing a conversation at the terminal: the game, its two seats, and what is kept of it."""
