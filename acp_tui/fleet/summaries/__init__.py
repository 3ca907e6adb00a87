"""Rows of the views, made from one cluster's store; pure but for the clock that is handed in."""
