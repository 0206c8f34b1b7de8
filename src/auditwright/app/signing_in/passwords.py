"""Passwords: which are taken, how they are kept, and checks that take as long for a stranger as for an account."""

import re
import threading
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MIN_LENGTH = 12
"""ASVS 5.0 6.2.1 asks for 8 and recommends 15; with a second factor beside it, 12."""

MAX_LENGTH = 128
"""ASVS 5.0 6.2.9 asks that at least 64 are taken; a limit keeps one post from costing much."""

MIN_SCORE = 4
"""Of zxcvbn: whoever tries the likeliest first needs more than ten thousand million tries."""

HASHES_AT_ONCE = 4
"""A hash takes 64 MiB: posts of passwords may not take all memory."""

SHORTEST_WORD = 3
"""Letters of a word that a password may not rest on."""

QUOTED = "correcthorsebatterystaple"
"""What explanations of good passwords quote, so that it is none."""

_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)


def normalized(password: str) -> str:
    """A password in one form, whichever keyboard it was typed on (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, known: Iterable[str]) -> str:
    """Why a password is not taken, or nothing. `known` is what anybody knows: the organization, the email, the name.

    No kind of character is asked for: what counts is how late it would be tried by somebody who begins with common
    passwords, words, names, dates and rows of keys, each also as people disguise it (Wheeler, zxcvbn, USENIX Security 2016).
    """
    text = normalized(password)
    if len(text) < MIN_LENGTH:
        return f"Enter at least {MIN_LENGTH} characters. A few words that do not belong together are easy to keep in mind."
    if len(text) > MAX_LENGTH:
        return f"Enter at most {MAX_LENGTH} characters."
    if _score(text, known) < MIN_SCORE:
        return "This is among what is tried early: common passwords and words, names, dates, rows of keys. Enter one that is harder to guess."
    return ""


def _score(text: str, known: Iterable[str]) -> int:
    """How late a password would be tried, from 0 to 4."""
    # The lists of words take a moment to read.
    from zxcvbn import zxcvbn

    if re.sub(r"[\W_]+", "", text.casefold()) == QUOTED:
        return 0
    return zxcvbn(text, user_inputs=[*_words(known)], max_length=MAX_LENGTH)["score"]


def hashed(password: str) -> str:
    """The argon2id hash of a password."""
    with _hashing:
        return _hasher().hash(normalized(password))


def matches(hash_: str, password: str) -> bool:
    """Whether a password is the one of a hash; takes as long where there is none."""
    from argon2.exceptions import InvalidHashError, VerificationError

    if len(password) > MAX_LENGTH:
        password = ""  # nobody has it; what is checked instead costs as much
    with _hashing:
        try:
            _hasher().verify(hash_ or _nobody(), normalized(password))
        except (InvalidHashError, VerificationError):
            return False
    return bool(hash_)


def is_dated(hash_: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(hash_)


def _words(known: Iterable[str]) -> set[str]:
    """The words of what anybody knows, each alone and all together."""
    found: set[str] = set()
    for text in known:
        words = re.split(r"[\W_]+", text.casefold())
        found |= {*words, "".join(words)}
    return {word for word in found if len(word) >= SHORTEST_WORD}


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher
    from argon2.profiles import RFC_9106_LOW_MEMORY

    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


@cache
def _nobody() -> str:
    """The hash of a password that nobody knows."""
    import secrets

    return _hasher().hash(secrets.token_hex(16))
