"""What the bot does: one file per journey, slots in, events and response names out."""
