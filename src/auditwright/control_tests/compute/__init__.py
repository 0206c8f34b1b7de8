"""Control tests of machines, their images and their snapshots."""
