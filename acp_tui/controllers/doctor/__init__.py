"""Stuck releases: recognise them, prove that nobody is at it, do the least that helps, with a way back."""
