"""Benchmarks: each module measures one promise of the project against something else in the same run."""
