"""What you can change: settings, themes, keymaps, paths."""
