"""Control tests of accounts, credentials and permissions."""
