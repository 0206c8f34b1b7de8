"""Decision tables that come with Auditwright, as TOML (`vulns.policy`)."""
