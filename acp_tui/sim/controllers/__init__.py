"""The small controllers that make a simulated cluster live: they roll, schedule, count and clean up."""
