"""Control tests of vulnerabilities: scans, deadlines, and the reports of releases."""
