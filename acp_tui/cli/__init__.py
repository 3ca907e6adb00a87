"""What scripts see: one module a command group."""
