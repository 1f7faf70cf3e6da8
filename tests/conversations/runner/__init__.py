"""Runs the conversations of `tests/conversations/*.yml` against the real desk."""
