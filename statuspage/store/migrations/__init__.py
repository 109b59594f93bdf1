"""Schema changes, oldest first, forward only. Each is written by hand and never edited once released."""
