"""Who we talk to: one folder a system."""
