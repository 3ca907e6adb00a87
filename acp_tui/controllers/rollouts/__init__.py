"""One version taken over several clusters, one after the other."""
