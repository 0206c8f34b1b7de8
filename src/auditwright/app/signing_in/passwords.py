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

MIN_REST = 6
"""Characters that must be left of a password when what anybody would try first is taken out."""

MIN_DISTINCT = 5
"""Different characters that a password has at least."""

MIN_RUN = 3
"""Characters of a row of keys or of the alphabet that are taken out together."""

HASHES_AT_ONCE = 4
"""A hash takes 64 MiB: posts of passwords may not take all memory."""

COMMON = frozenset(
    {
        "administrator",
        "admin",
        "root",
        "user",
        "guest",
        "login",
        "welcome",
        "password",
        "passwort",
        "passwd",
        "pass",
        "secret",
        "letmein",
        "changeme",
        "default",
        "qwerty",
        "qwertz",
        "azerty",
        "iloveyou",
        "love",
        "monkey",
        "dragon",
        "master",
        "shadow",
        "sunshine",
        "princess",
        "superman",
        "batman",
        "football",
        "baseball",
        "soccer",
        "hockey",
        "michael",
        "jordan",
        "charlie",
        "andrew",
        "daniel",
        "thomas",
        "jessica",
        "ashley",
        "summer",
        "winter",
        "spring",
        "autumn",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "monday",
        "friday",
        "company",
        "business",
        "office",
        "computer",
        "internet",
        "server",
        "database",
        "test",
        "testing",
        "demo",
        "temp",
        "hello",
        "trustno",
        "whatever",
        "starwars",
        "pokemon",
        "freedom",
        "cheese",
        "flower",
        "correct horse battery staple",
        "correcthorsebatterystaple",
    }
)
"""What begins the lists of broken passwords, as people write it. Longer words that hold one lose it too."""

ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
)
"""Rows that fingers walk along, in both directions."""

_AS_LETTERS = str.maketrans("013457@$!", "oieastasi")
"""Digits and signs that stand for letters."""

_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)


def normalized(password: str) -> str:
    """A password in one form, whichever keyboard it was typed on (NIST SP 800-63B 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, known: Iterable[str]) -> str:
    """Why a password is not taken, or nothing. `known` is what anybody knows: the organization, the email, the name.

    No kind of character is asked for: length counts, and what is left without what is tried first.
    """
    text = normalized(password)
    if len(text) < MIN_LENGTH:
        return f"Enter at least {MIN_LENGTH} characters. A few words that do not belong together are easy to keep in mind."
    if len(text) > MAX_LENGTH:
        return f"Enter at most {MAX_LENGTH} characters."
    if len(set(text.casefold())) < MIN_DISTINCT:
        return "This repeats a few characters. Enter one that is harder to guess."
    words = sorted(_words(known) | COMMON, key=len, reverse=True)
    if min(len(_rest(form, words)) for form in _forms(text)) < MIN_REST:
        return "This is among what is tried first: common words, names, rows of keys. Enter one that is harder to guess."
    return ""


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


def _forms(text: str) -> tuple[str, str]:
    """A password as typed, and with digits read as letters."""
    folded = text.casefold()
    return folded, folded.translate(_AS_LETTERS)


def _words(known: Iterable[str]) -> set[str]:
    """The words of what anybody knows, each alone and all together."""
    found: set[str] = set()
    for text in known:
        words = re.split(r"[\W_]+", text.casefold())
        found |= {*words, "".join(words)}
    return {word for word in found if len(word) >= MIN_RUN}


def _rest(text: str, words: Iterable[str]) -> str:
    """What is left without words and rows; digits and signs at either end of it count for nothing."""
    for word in words:
        text = text.replace(word, " ")
    text = _without_rows(text)
    text = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    return re.sub(r"\s+", "", text)


def _without_rows(text: str) -> str:
    kept = []
    at = 0
    while at < len(text):
        run = _run(text, at)
        if run >= MIN_RUN:
            at += run
            continue
        kept.append(text[at])
        at += 1
    return "".join(kept)


def _run(text: str, at: int) -> int:
    """How many characters from here on follow a row, or are one character again and again."""
    longest = len(text) - at - len(text[at:].lstrip(text[at]))
    for row in (*ROWS, *(row[::-1] for row in ROWS)):
        start = row.find(text[at])
        length = 0
        while (
            start >= 0
            and text[at : at + length + 1] == row[start : start + length + 1]
            and length < len(row) - start
        ):
            length += 1
            if at + length >= len(text):
                break
        longest = max(longest, length)
    return longest


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
