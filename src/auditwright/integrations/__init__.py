"""Integrations: one package or module for each outside system; none of them knows another."""
