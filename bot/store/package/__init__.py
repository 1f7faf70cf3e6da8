"""The copy of a person's data as a file: what goes into it, how it is written, how it is kept until it is fetched."""
