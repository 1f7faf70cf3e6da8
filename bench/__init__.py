"""Benchmarks of the desk: how well it understands and how fast it answers."""
