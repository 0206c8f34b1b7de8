"""Vulnerabilities: read and merge reports, keep the register, and publish a report with each release."""
