"""The pages of the staff desk: every module here is loaded by itself, and its pages are in the navigation."""
