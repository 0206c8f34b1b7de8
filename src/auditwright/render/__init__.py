"""Reports: one value in, the same bytes out."""
