"""What you see: app, screens, panes, widgets."""
