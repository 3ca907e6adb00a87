"""What things are: frozen values and their vocabulary; no I/O."""
