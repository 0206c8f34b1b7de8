"""Pure rules of who can reach what: policies, sessions, clusters, and the proof of it."""
