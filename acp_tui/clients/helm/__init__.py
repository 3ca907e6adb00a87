"""Helm: engines that act, stores that remember, charts that are found."""
