"""What we do: intent, plan, checks, run, verify, journal."""
