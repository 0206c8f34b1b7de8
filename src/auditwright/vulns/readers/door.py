"""The door of every reader: bytes become JSON values or text, whatever way they were saved, within limits.

1. A gzip or zstd stream is not taken here: who opens the file unpacks it, within a limit (`app.vulns`).
2. A byte order mark says UTF-8, UTF-16 or UTF-32; without one, a zero byte among the first two says UTF-16. The text becomes UTF-8.
3. JSON goes through msgspec. What it refuses and some tools write all the same (NaN, broken UTF-8) goes through the standard
   library once more, and what was changed on the way is said.
4. An array of findings is cut into its elements before they are decoded, so that one element that is not understood is
   one skip, and a large report never lies in memory as objects.
"""

import codecs
import json
import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec

Buffer = bytes | mmap.mmap
"""The bytes of a report: in memory, or a file that is mapped and read as it is needed."""

T = TypeVar("T")

LENIENT_BYTES = 64 << 20
"""Reading JSON that is not quite JSON takes about ten times its size in memory."""

PIECE_BYTES = 256 << 10
"""How much of a large array is decoded at a time: as much as stays in a processor's cache."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class UnreadableReportError(Exception):
    """The bytes are no report that can be read; the message says what was expected, what was found and what to do."""


def as_utf8(data: Buffer) -> Buffer:
    """The same text in UTF-8 without a byte order mark; data that is already so is given back as it is.

    Raises UnreadableReportError where a byte order mark promises an encoding that the bytes do not keep.
    """
    head = bytes(data[:4])
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _recoded(data, encoding)
    if len(head) >= 2 and 0 in head[:2]:  # noqa: PLR2004 - the two bytes of one character
        return _recoded(data, "utf-16-be" if head[0] == 0 else "utf-16-le")
    return data


def _recoded(data: Buffer, encoding: str) -> bytes:
    try:
        return bytes(data[:]).decode(encoding).encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise UnreadableReportError(
            f"the file begins as {encoding} text and is not ({error}); save it again as UTF-8"
        ) from error


def json_document(data: Buffer, shape: type[T]) -> T:
    """A whole JSON document as `shape`, leniently.

    Raises UnreadableReportError where the text is no JSON, is cut off, nests too deep, or is not of this shape.
    """
    try:
        try:
            return msgspec.json.decode(data, type=shape)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return msgspec.json.decode(_mended(data, error), type=shape)
    except msgspec.ValidationError as error:
        raise UnreadableReportError(f"the document does not have the expected form: {error}") from error
    except RecursionError as error:
        raise UnreadableReportError("the document nests deeper than any report does") from error


def json_list(data: Buffer) -> list[msgspec.Raw]:
    """The elements of a whole JSON list, none for null. Raises as `json_document` does."""
    if bytes(data[:64]).lstrip().startswith(b"null"):
        return []
    return json_document(data, list[msgspec.Raw])


def _mended(data: Buffer, refusal: Exception) -> bytes:
    """JSON out of what is nearly JSON: NaN becomes null, bytes and escapes that are no text become U+FFFD."""
    if len(data) > LENIENT_BYTES:
        raise UnreadableReportError(f"the file is no valid JSON: {refusal}") from refusal
    text = bytes(data[:]).decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_constant=lambda _: None)
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    except json.JSONDecodeError as error:
        raise UnreadableReportError(_malformed(text, error)) from error
    except ValueError as error:  # an integer of more digits than Python reads
        raise UnreadableReportError(f"the file is no valid JSON: {error}") from error


def _malformed(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "the file is empty; run the scanner again"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"the file is cut off in the middle, after {len(text):,} characters; save the whole report"
    return f"the file is no valid JSON: {error.msg} at line {error.lineno}, column {error.colno}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An element of a list that does not have the form of a finding."""

    index: int
    why: str


class Cut:
    """A JSON object whose one large array is read element by element; the other members are there afterwards.

    Steps: 1. In a report that is printed with indentation, an element ends at a line that holds the element's own
    indentation and a brace, and the array at a line with the member's and a bracket: no string can hold a raw line end, so only a
    structure can. Many elements at a time are decoded as an array of their own. 2. What is left when they are taken out
    must be a JSON object whose member is the hole. 3. Otherwise, or where the report is printed on one line, msgspec
    finds the elements in the whole.
    """

    def __init__(self, data: Buffer, member: str) -> None:
        """Cut the array `member` out of a document in UTF-8."""
        self._data = data
        self._member = member
        self._lines = _lines(data, member)
        self._stop: int | None = None
        self._rest: dict[str, msgspec.Raw] | None = None

    @property
    def rest(self) -> dict[str, msgspec.Raw]:
        """The members of the document but the array, once all its elements were taken.

        Raises UnreadableReportError where what stands around the array is no JSON.
        """
        if self._rest is None:
            assert self._lines is not None, "the elements were not taken"
            assert self._stop is not None, "the elements were not taken to the end"
            hollow = self._data[: self._lines.first - 2] + _HOLE + self._data[self._stop :]
            self._rest = json_document(hollow, dict[str, msgspec.Raw])
            del self._rest[self._member]
        return self._rest

    def decoded(self, shape: type[T]) -> Iterator[T | Refused]:
        """Each element as `shape`, or why not, in order, to be taken once and to the end.

        Raises UnreadableReportError as `json_document` does, and where the member is no list.
        """
        return self.decoded_by(lambda: shape)

    def decoded_by(self, shape: Callable[[], type[T]]) -> Iterator[T | Refused]:
        """As `decoded`; which shape it is, is asked anew before each piece."""
        done = 0
        if self._lines is not None:
            for elements in self._by_lines(self._lines, shape):
                yield from elements
                done += len(elements)
        if self._stop is None:
            self._rest, whole = _whole_cut(self._data, self._member)
            for index, text in enumerate(whole[done:], start=done):
                yield _element(text, shape(), index)

    def _by_lines(
        self, lines: "_Lines", shape: Callable[[], type[T]]
    ) -> Iterator[list[T] | list[T | Refused]]:
        # (1) Ends early, with no stop, where the document is printed in another way than it seemed.
        data, start, size, done = self._data, lines.first, PIECE_BYTES, 0
        while start < len(data):
            window = data[start : start + size]
            end = window.rfind(lines.between)
            elements = _elements(window[: end + len(lines.between) - 2], shape(), done) if end >= 0 else None
            if elements is None:
                close = window.find(lines.close)
                if close < 0 and end < 0:
                    size *= 2  # one element is larger than a piece
                    if start + size // 2 < len(data):
                        continue
                elements = _elements(window[:close], shape(), done) if close >= 0 else None
                if elements is not None:
                    yield elements
                    self._stop = start + close + len(lines.close)
                return
            yield elements
            done += len(elements)
            _release(data, start, start + end)
            start += end + len(lines.between)


def _elements(text: bytes, shape: type[T], first: int) -> list[T] | list[T | Refused] | None:
    """The elements that a part of a list holds, None where it is no JSON; where one is refused, each is looked at by itself."""
    listed = b"[" + text + b"]"
    try:
        try:
            return msgspec.json.decode(listed, type=list[shape])  # type: ignore[valid-type] # the shape is a value here
        except msgspec.ValidationError:
            raw = msgspec.json.decode(listed, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return [_element(element, shape, first + offset) for offset, element in enumerate(raw)]


def _element(text: msgspec.Raw, shape: type[T], index: int) -> T | Refused:
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        return Refused(index=index, why=str(error))


_HOLE = b"[\t\n\r \t]"
"""An empty array, spelled as no tool spells it, so that it is known again."""

_HEAD_BYTES = 16 << 10
"""How far into a document the large array is looked for; tools that print it later are read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """How a large array is printed: where its first element begins, what ends an element and what the array."""

    first: int
    between: bytes
    close: bytes


def _lines(data: Buffer, member: str) -> _Lines | None:
    name = b'"' + member.encode() + b'": [\n'
    opening = data.find(name, 0, _HEAD_BYTES)
    first = opening + len(name)
    indent = _indentation(data, first) if opening >= 0 else b""
    outer = bytes(data[data.rfind(b"\n", 0, opening) + 1 : opening]) if indent else b"?"
    if outer.strip():
        return None
    # (2) Up to the array, and a hole for it, is an object.
    try:
        head = msgspec.json.decode(data[: first - 2] + _HOLE + b"}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if bytes(head.get(member, b"")) != _HOLE:
        return None
    return _Lines(first=first, between=b"\n" + indent + b"},\n", close=b"\n" + outer + b"]")


def _indentation(data: Buffer, start: int) -> bytes:
    head = bytes(data[start : start + 64])
    indent = head[: len(head) - len(head.lstrip(b" \t"))]
    return indent if head[len(indent) : len(indent) + 1] == b"{" else b""


def _release(data: Buffer, start: int, stop: int) -> None:
    """Give the pages of a mapped file back that were read."""
    begin, end = start - start % mmap.PAGESIZE, stop - stop % mmap.PAGESIZE
    if end > begin and isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def _whole_cut(data: Buffer, member: str) -> tuple[dict[str, msgspec.Raw], list[msgspec.Raw]]:
    rest = json_document(data, dict[str, msgspec.Raw])
    listed = rest.pop(member, msgspec.Raw(b"[]"))
    try:
        elements = msgspec.json.decode(listed, type=list[msgspec.Raw] | None)
    except msgspec.ValidationError as error:
        raise UnreadableReportError(f"`{member}` is no list: {error}") from error
    return rest, elements or []
