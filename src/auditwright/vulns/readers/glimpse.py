"""What is seen of a file at a glance, to tell which reader it is for; and the reader's own form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import msgspec

from auditwright.vulns.readers.door import Buffer, UnreadableReportError, json_document
from auditwright.vulns.report import Report

HEAD_BYTES = 8 << 10
"""Every format says what it is within its first lines."""


class Glimpse:
    """The beginning of a report, and its outermost members where it is JSON."""

    def __init__(self, data: Buffer) -> None:
        """See the beginning of UTF-8 text."""
        self._data = data
        self.head = bytes(data[:HEAD_BYTES]).lstrip()

    def mentions(self, *words: str) -> bool:
        """True where each word stands in quotes near the beginning."""
        return all(b'"' + word.encode() + b'"' in self.head for word in words)

    @cached_property
    def members(self) -> Mapping[str, msgspec.Raw]:
        """The members of a JSON object, or of the first object of a JSON array; none for anything else.

        Looks through the whole document: a sniffer asks `mentions` first.
        """
        try:
            if self.head.startswith(b"{"):
                return json_document(self._data, dict[str, msgspec.Raw])
            if self.head.startswith(b"["):
                listed = json_document(self._data, list[msgspec.Raw])
                return json_document(bytes(listed[0]), dict[str, msgspec.Raw]) if listed else {}
        except UnreadableReportError:
            return {}
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One format of report: how it is known, and how it is read."""

    id: str
    """Short and lower case; the name of the module with hyphens."""
    title: str
    sniff: Callable[[Glimpse], bool]
    """True where the file is of this format; two readers never both say so of one file (`tests/vulns/readers`)."""
    read: Callable[[Buffer], Report]
    """Reads UTF-8 text. Raises UnreadableReportError for a document that is not of this format after all."""
