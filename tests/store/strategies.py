"""Hypothesis strategies for resources of every kind, from their type hints."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from types import NoneType, UnionType
from typing import NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from auditwright.core.evidence import Scope, digest_of
from auditwright.core.ids import Digest, IntegrationId, ResourceId
from auditwright.core.outcome import Unknown
from auditwright.core.resource import Resource

R = TypeVar("R", bound=Resource)

# PostgreSQL and Parquet hold every text in UTF-8; a lone surrogate is none.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DIGESTS: st.SearchStrategy[Digest] = st.sampled_from([digest_of(body) for body in (b"a", b"b", b"c")])
SCOPES = st.sampled_from(
    [
        Scope(source=IntegrationId("aws"), account="1", region="eu"),
        Scope(source=IntegrationId("aws"), account="1"),
        Scope(source=IntegrationId("aws/1"), account=""),
    ]
)
IDS: st.SearchStrategy[ResourceId] = st.sampled_from([ResourceId(text) for text in ("a", "B", "é", "z'\"")])


def items_of(kind: type[R], scopes: st.SearchStrategy[Scope] = SCOPES) -> st.SearchStrategy[R]:
    """Any item of a kind."""
    hints = get_type_hints(kind)
    own = {
        field.name: _values(hints[field.name])
        for field in fields(kind)
        if field.name not in {"id", "scope", "evidence"}
    }
    evidence = st.lists(DIGESTS, max_size=3).map(tuple)
    make = cast("Callable[..., R]", kind)
    return st.builds(make, id=IDS, scope=scopes, evidence=evidence, **own)


def _values(hint: object) -> st.SearchStrategy[object]:
    if isinstance(hint, NewType):
        return _values(hint.__supertype__)
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([_values(member) for member in get_args(hint)])
    if get_origin(hint) is tuple:
        members = get_args(hint)
        if members[1:] == (...,):
            return st.lists(_values(members[0]), max_size=3).map(tuple)
        return st.tuples(*[_values(member) for member in members])
    plain: dict[object, st.SearchStrategy[object]] = {
        str: TEXT,
        bool: st.booleans(),
        int: INTEGERS,
        datetime: TIMES,
        date: st.dates(),
        NoneType: st.none(),
        Unknown: st.builds(Unknown, TEXT),
    }
    if hint in plain:
        return plain[hint]
    assert isinstance(hint, type)
    assert is_dataclass(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: _values(hints[field.name]) for field in fields(hint)})
