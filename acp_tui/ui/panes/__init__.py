"""Panes: one view of the fleet in a frame."""
