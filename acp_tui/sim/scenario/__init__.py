"""The fleet that is simulated: who runs what, where, since when, and what is wrong with it."""
