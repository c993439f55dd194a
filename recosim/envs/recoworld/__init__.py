"""RecoWorld-style lives: sessions, mindset, instructions, coming back."""
