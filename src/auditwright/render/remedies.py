"""Remediation texts as what they are made of: commands to copy, and the prose around them.

1. A text of several lines that is code is one block, as it was written.
2. In a line, a command begins with a program's name and goes on as long as its words look like arguments.
3. What is left between two commands is prose; where it was only punctuation, the commands stand together.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PROGRAMS = ("aws", "az", "gcloud", "gh", "git", "helm", "kubectl", "terraform")
"""What a command of a remediation may begin with."""

_START = re.compile(rf"(?<![\w-])(?:{'|'.join(PROGRAMS)}) (?=[a-z])")

_WORD = re.compile(r"""\s*((?:'[^']*'|"[^"]*"|[^\s'"])+)""")
"""A word of a command line; quotes hold spaces together."""

_SUBCOMMANDS = 3
"""Words at the beginning that may look like any word: aws iam get-user."""

_CODE_BLOCK = re.compile(r"[{}=\\]|--")
_ARGUMENT = re.compile(r"[^A-Za-z ]")
"""What tells a command from a sentence about one: no sentence has `get-user` or `<user>` after a program's name."""

_PLAIN = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a remediation, in the order of the text."""

    is_code: bool
    text: str


def parts(text: str) -> Sequence[Part]:
    """The commands and the prose of a remediation; commands that follow one another are one part, a line each."""
    bare = text.strip()
    if "\n" in bare and _CODE_BLOCK.search(bare):  # (1)
        return [Part(is_code=True, text=bare)]
    found: list[Part] = []
    for part in _split(bare):
        shown = part.text if part.is_code else _prose(part.text)
        if not shown:
            continue
        if part.is_code and found and found[-1].is_code:  # (3)
            found[-1] = Part(is_code=True, text=f"{found[-1].text}\n{shown}")
        else:
            found.append(Part(part.is_code, shown))
    return found


def _split(text: str) -> Iterator[Part]:
    at = 0
    for start in _START.finditer(text):
        end = _end_of_command(text, start.start())
        if start.start() < at or not _ARGUMENT.search(text, start.start(), end):
            continue
        yield Part(is_code=False, text=text[at : start.start()])
        yield Part(is_code=True, text=text[start.start() : end])
        at = end
    yield Part(is_code=False, text=text[at:])


def _end_of_command(text: str, start: int) -> int:
    """(2) Where the command that starts here ends, without the punctuation of the sentence around it."""
    end, option = start, False
    for count, word in enumerate(_WORD.finditer(text, start)):
        # An unmatched quote is skipped by the search: the command ends before it.
        if word.start() != end:
            break
        bare = word[1].rstrip(",;:.")
        closing = bare.endswith(")") and bare.count(")") > bare.count("(")
        bare = bare.removesuffix(")") if closing else bare
        plain = _PLAIN.fullmatch(bare) is not None and count >= _SUBCOMMANDS and not option
        if plain or not bare or bare.startswith("("):
            break
        end = word.start(1) + len(bare)
        if bare != word[1]:
            break
        option = bare.startswith("-") and "=" not in bare
    return end


def _prose(text: str) -> str:
    """A piece of a sentence, without the punctuation that parted it from a command."""
    bare = text.strip().lstrip(";,.").strip()
    if bare.startswith(")") or bare.count(")") > bare.count("("):
        bare = bare.replace(")", "", 1).lstrip(";,. ")
    if bare.count("(") > bare.count(")"):
        before, _, after = bare.rpartition("(")
        bare = before + after
    return bare.strip().rstrip(";,").strip() if re.search(r"\w", bare) else ""
