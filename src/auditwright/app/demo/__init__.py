"""The demo: a fictional company on an emulated cloud, run through everything that a real one runs through."""
