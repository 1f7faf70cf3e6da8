"""The cellar: everything that is kept, and how it is found again."""
