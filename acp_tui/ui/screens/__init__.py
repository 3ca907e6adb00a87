"""Whole screens: the workspace and what opens from it."""
