"""Policy documents as they are kept for proofs: whole, and the same text for the same document."""

import json
from collections.abc import Sequence
from typing import cast
from urllib.parse import unquote

from auditwright.core.canonical import Json, canonical_json
from auditwright.core.outcome import Unknown


class _TwiceError(ValueError):
    """A key stands twice in an object, so that readers differ in what it means."""


def document_text(document: object) -> str | Unknown:
    """A policy document as text: canonical JSON, or the source's own words where they are none or say a key twice.

    The source may send an object, JSON text, or JSON text in percent-encoding as IAM does. What is in the text is
    the reader's business: a text that is no policy must not be lost on the way.
    """
    if isinstance(document, str):
        text = unquote(document) if document.lstrip().startswith("%") else document
        try:
            parsed: object = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return text
        return _canonical(parsed) or text
    if isinstance(document, dict):
        found = _canonical(document)
        return Unknown("the policy document is nested too deeply to be kept") if found is None else found
    return Unknown("the answer holds no policy document")


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


def _canonical(value: object) -> str | None:
    try:
        return canonical_json(cast("Json", value)).decode()
    except (TypeError, ValueError):
        # Numbers that canonical JSON does not hold, such as 1.5; the order of keys is what makes it the same.
        return _sorted(value)
    except RecursionError:
        return None


def _sorted(value: object) -> str | None:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return None
