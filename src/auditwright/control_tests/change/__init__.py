"""Control tests of changes to code."""
