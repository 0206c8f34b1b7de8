"""Errors that a person can act on."""


class AppError(Exception):
    """What was asked cannot be done; the message says why, and what to do."""
