"""The standards by their names: read and built, without input or output."""
