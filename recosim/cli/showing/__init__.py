"""Showing recorded conversations: where they lie, which are chosen, the terminal, the HTML page."""
