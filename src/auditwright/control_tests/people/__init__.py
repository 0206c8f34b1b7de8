"""Control tests that hold accounts against the people of the organization."""
