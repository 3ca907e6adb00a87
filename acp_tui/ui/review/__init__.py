"""Review, run and verdict: the three faces of an act."""
