"""Control tests of backups."""
