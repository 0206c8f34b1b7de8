"""Pages, one module for each part of the navigation; each has a `router`."""
