"""Two runs side by side: their trees aligned, where they part, what changed. Pure; shows nothing."""
