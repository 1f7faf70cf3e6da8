"""The command line, one file per topic; `bot/__main__.py` puts them together."""
