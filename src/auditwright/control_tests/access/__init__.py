"""Control tests of what was proved of access."""
