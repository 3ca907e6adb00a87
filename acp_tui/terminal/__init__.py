"""The last metre: what leaves for the terminal and what comes from it."""
