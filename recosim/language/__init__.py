"""Language: acts as text, and text as acts."""
