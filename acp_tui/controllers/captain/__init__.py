"""Acts on releases that Captain keeps: planned and carried out on their HelmRequest."""
