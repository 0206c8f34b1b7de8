"""The organization's program folder: definitions as files under version control."""
