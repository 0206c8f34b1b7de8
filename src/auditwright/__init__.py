"""Auditwright: a self-hosted SOC 2 system whose evidence can be verified by others."""

__version__ = "0.1.0"
