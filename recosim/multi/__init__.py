"""Many at once: both sides of a conversation as players, and markets of platforms and creators."""
