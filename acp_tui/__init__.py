"""acp-tui: the terminal console for Alauda Container Platform and any fleet of Kubernetes clusters."""

__version__ = "0.1.0"
