"""The web app: pages and the API over the use cases of `auditwright.app`."""
