"""Signing in: what people show, how it is checked, how often it may be tried, and what an account is left with."""
