"""Control tests of networks and what they let through."""
