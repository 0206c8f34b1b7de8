"""A release's vulnerability report in every form: for people HTML, PDF and CSV, for machines JSON, OpenVEX, CycloneDX and CSAF."""
