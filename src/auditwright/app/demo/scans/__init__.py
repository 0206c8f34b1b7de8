"""Reports of scanners and feeds for the demo; README.md says where they come from."""
