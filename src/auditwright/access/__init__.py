"""Access: who can do what to what in the cloud, decided by policies and proved."""
