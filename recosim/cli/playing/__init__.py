"""Playing a conversation at the terminal: the game, the two seats, and names as people type them."""
