"""The columns of each pane; fleet.views gathers them."""
