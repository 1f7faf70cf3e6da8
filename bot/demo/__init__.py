"""The invented shop that the demo runs on."""
