"""Use cases: what the command line and the web app let people do."""
