"""The house tests look at a real desk."""

from tests.unit.conftest import clock, desk, empty_desk, seeded_shop, settings

__all__ = ["clock", "desk", "empty_desk", "seeded_shop", "settings"]
