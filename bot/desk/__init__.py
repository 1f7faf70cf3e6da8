"""The staff desk: where people of the shop look after requests and cases. One page per file in `pages/`."""
