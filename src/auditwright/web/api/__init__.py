"""The API: one module for each resource, over the same queries that the pages show."""
