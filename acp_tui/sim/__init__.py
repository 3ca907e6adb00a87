"""A fleet in a box: simulated API servers with faults, in a process of their own."""
