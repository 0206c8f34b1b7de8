"""Condition blocks: every operator of the policy language, over a context that may be known in part.

AWS: conditions are AND-ed, the values of one are OR-ed, and those of a negated operator NOR-ed
(reference_policies_condition-logic-multiple-context-keys-or-values). A key that is absent matches no value, so that
a negated operator holds; `…IfExists` holds then; ForAllValues holds then, and ForAnyValue does not
(reference_policies_condition-single-vs-multi-valued-context-keys).
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeAlias, TypeVar, assert_never

from auditwright.access.context import Absent, Context, Entry, OneOf, Present
from auditwright.access.glob import Piece, compile_pieces, pieces_of
from auditwright.access.kleene import Truth, agreed, all_of, any_of, known, negate
from auditwright.access.variables import Matcher, Template, has_variables, parse_template
from auditwright.core.outcome import Unknown

Compare: TypeAlias = Callable[[str, Context], Truth]
"""Whether one value of the request matches one value of the policy."""


class Quantifier(Enum):
    """How the several values of a key count."""

    NONE = ""
    ALL = "forallvalues"
    ANY = "foranyvalue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One operator over one key."""

    operator: str
    """As AWS spells it, without quantifier and `IfExists`."""
    quantifier: Quantifier
    if_exists: bool
    negated: bool
    key: str
    """In lower case."""
    spelled_key: str = field(compare=False)
    """As the policy spells it."""
    values: tuple[str, ...]
    templates: tuple[Template, ...] = field(compare=False, repr=False)
    """Those of the values that have variables."""
    compares: tuple[Compare, ...] = field(compare=False, repr=False)

    @property
    def variables(self) -> tuple[str, ...]:
        """The keys that the values take text from, in lower case."""
        return tuple(dict.fromkeys(key for template in self.templates for key in template.keys))

    def may_void(self, context: Context) -> bool:
        """True where AWS might take the entire statement for invalid, for a variable that it cannot resolve."""
        return any(template.may_void(context) for template in self.templates)

    @property
    def written(self) -> str:
        """The operator as a policy spells it."""
        quantifier = {Quantifier.NONE: "", Quantifier.ALL: "ForAllValues:", Quantifier.ANY: "ForAnyValue:"}
        return f"{quantifier[self.quantifier]}{self.operator}{'IfExists' if self.if_exists else ''}"


NULL = "Null"


def holds(conditions: Iterable[Condition], context: Context) -> Truth:
    """Whether all conditions hold."""
    seen = Truth.TRUE
    for condition in conditions:
        truth = holds_one(condition, context)
        if truth is Truth.FALSE:
            return truth
        if truth is Truth.UNKNOWN:
            seen = truth
    return seen


def undecided(conditions: Iterable[Condition], context: Context) -> tuple[str, ...]:
    """The keys, sorted, that leave it open whether all conditions hold; none where that is known."""
    keys: set[str] = set()
    for condition in conditions:
        truth = holds_one(condition, context)
        if truth is Truth.FALSE:
            return ()
        if truth is Truth.UNKNOWN:
            named = (condition.key, *condition.variables)
            keys |= {key for key in named if isinstance(context.get(key), OneOf | Unknown)} or {condition.key}
    return tuple(sorted(keys))


def holds_one(condition: Condition, context: Context) -> Truth:
    """Whether one condition holds."""
    return _holds_with(condition, context.get(condition.key), context)


def _holds_with(condition: Condition, entry: Entry, context: Context) -> Truth:
    match entry:
        case Present(values) if values:
            return _with_values(condition, values, context)
        case Present() | Absent():
            return _without_value(condition, context)
        case OneOf(alternatives):
            return agreed(_holds_with(condition, each, context) for each in alternatives)
        case Unknown():
            return Truth.UNKNOWN
        case _:
            assert_never(entry)


def _with_values(condition: Condition, values: tuple[str, ...], context: Context) -> Truth:
    if condition.operator == NULL:
        return known(condition.values == ("false",))
    if condition.quantifier is not Quantifier.NONE and values == ("",):
        # AWS: a key that resolves to an empty data set, such as an empty string.
        return known(condition.quantifier is Quantifier.ALL)
    matches = [_matches(condition, value, context) for value in values]
    match condition.quantifier:
        case Quantifier.ALL:
            return all_of(matches)
        case Quantifier.ANY:
            return any_of(matches)
        case Quantifier.NONE:
            # AWS: a key with several values needs a set operator; without one, it is not said which counts.
            return agreed(matches)
        case _:
            assert_never(condition.quantifier)


def _without_value(condition: Condition, context: Context) -> Truth:
    if condition.operator == NULL:
        return known(condition.values == ("true",))
    if condition.if_exists:
        return Truth.TRUE
    match condition.quantifier:
        case Quantifier.ALL:
            truth = Truth.TRUE
        case Quantifier.ANY:
            truth = Truth.FALSE
        case Quantifier.NONE:
            truth = known(condition.negated)
        case _:
            assert_never(condition.quantifier)
    return Truth.UNKNOWN if truth is Truth.TRUE and condition.may_void(context) else truth


def _matches(condition: Condition, value: str, context: Context) -> Truth:
    """Whether one value of the request passes, with the negation of the operator."""
    found = any_of(compare(value, context) for compare in condition.compares)
    if not condition.templates or not condition.may_void(context):
        return negate(found) if condition.negated else found
    # With `IfExists`, AWS might count a value that cannot be resolved as a key that is not there, which passes.
    fails = Truth.TRUE if condition.negated else Truth.FALSE
    return Truth.FALSE if found is fails and not condition.if_exists else Truth.UNKNOWN


# --- reading


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operator:
    name: str
    negated: bool
    read: Callable[[str], Compare | None]
    """None where a value is of another kind than the operator compares."""
    read_template: Callable[[Template], Compare] | None = None
    """How a value with variables is compared; None where AWS allows none in values of this operator."""
    wildcards: bool = False

    def compare(self, value: str, *, variables: bool) -> tuple[Compare | None, Template | None]:
        """How a value of the policy is compared, and the template that it is if it has variables."""
        if not variables or self.read_template is None or not has_variables(value):
            return self.read(value), None
        template = parse_template(value, wildcards=self.wildcards)
        return (None if template is None else self.read_template(template)), template


MAX_SHOWN = 80
"""Characters of an unreadable value that are repeated: one line of a terminal."""


def parse_condition(spelled: str, key: str, values: Sequence[str], *, variables: bool) -> Condition | str:
    """One operator over one key, or what about it cannot be read.

    The operator may be spelled in any case: AWS does not say that case matters, and a policy that it accepted
    can mean no other operator.
    """
    shown = spelled[:MAX_SHOWN]
    head, colon, tail = spelled.lower().rpartition(":")
    quantifier = next((each for each in Quantifier if each.value == head), None)
    base = tail.removesuffix("ifexists")
    if_exists = base != tail
    if base == NULL.lower():
        return _parse_null(shown, key, values, plain=not colon and not if_exists)
    found = _OPERATORS.get(base)
    if found is None or quantifier is None or (colon and not head):
        return f"unknown operator {shown!r}"
    if not key or not values:
        return f"{shown}: {key[:MAX_SHOWN]!r} has no name or no values"
    compares: list[Compare] = []
    templates: list[Template] = []
    for value in values:
        compare, template = found.compare(value, variables=variables)
        if compare is None:
            return f"{shown}: {key[:MAX_SHOWN]}: unreadable value {value[:MAX_SHOWN]!r}"
        compares.append(compare)
        templates += [] if template is None else [template]
    return Condition(
        operator=found.name,
        quantifier=quantifier,
        if_exists=if_exists,
        negated=found.negated,
        key=key.lower(),
        spelled_key=key,
        values=tuple(values),
        templates=tuple(templates),
        compares=tuple(compares),
    )


def _parse_null(shown: str, key: str, values: Sequence[str], *, plain: bool) -> Condition | str:
    # AWS: IfExists can end any operator name except Null.
    wanted = {value.lower() for value in values}
    if not plain or len(wanted) != 1 or not wanted <= {"true", "false"}:
        return f"{shown}: {key[:MAX_SHOWN]} asks neither for true nor for false"
    return Condition(
        operator=NULL,
        quantifier=Quantifier.NONE,
        if_exists=False,
        negated=False,
        key=key.lower(),
        spelled_key=key,
        values=tuple(wanted),
        templates=(),
        compares=(),
    )


def _text_operator(name: str, matcher: Matcher, *, negated: bool, wildcards: bool = False) -> _Operator:
    fold = name.endswith("IgnoreCase")

    def read(value: str) -> Compare:
        value = value.lower() if fold else value
        matches = matcher(pieces_of(value) if wildcards else [value])
        return lambda given, _: matches(given.lower() if fold else given)

    def read_template(template: Template) -> Compare:
        return lambda given, context: template.compare(given, context, matcher, fold=fold)

    return _Operator(name=name, negated=negated, read=read, read_template=read_template, wildcards=wildcards)


def match_text(pieces: Sequence[Piece]) -> Callable[[str], Truth]:
    """What a pattern matches as a whole, its wildcards spanning anything."""
    if all(isinstance(piece, str) for piece in pieces):
        text = "".join(piece for piece in pieces if isinstance(piece, str))
        return lambda given: known(given == text)
    glob = compile_pieces(pieces)
    return lambda given: known(glob.matches(given))


def _match_arn(pieces: Sequence[Piece]) -> Callable[[str], Truth]:
    """Each of the six parts between colons on its own; the sixth has colons in it (AWS: ARN condition operators).

    What is no ARN of six parts, in the policy or in the request, is unknown where it would match as a whole.
    """
    whole = compile_pieces(pieces)
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if not isinstance(piece, str):
            parts[-1].append(piece)
            continue
        first, *others = piece.split(":", _ARN_PARTS - len(parts))
        parts[-1].append(first)
        parts += [[text] for text in others]
    globs = [compile_pieces(part) for part in parts]

    def matches(given: str) -> Truth:
        if not whole.matches(given):
            return Truth.FALSE
        given_parts = given.split(":", _ARN_PARTS - 1)
        if len(globs) < _ARN_PARTS or len(given_parts) < _ARN_PARTS:
            return Truth.UNKNOWN
        return known(all(glob.matches(part) for glob, part in zip(globs, given_parts, strict=True)))

    return matches


_ARN_PARTS = 6


_T = TypeVar("_T")


def _typed_operator(
    name: str,
    reader: Callable[[str], _T | None],
    relation: Callable[[_T, _T], bool],
    *,
    negated: bool = False,
) -> _Operator:
    """An operator whose values are read as something else than text; what the request shows unreadably is unknown."""

    def read(value: str) -> Compare | None:
        limit = reader(value)
        if limit is None:
            return None

        def compare(given: str, _: Context) -> Truth:
            seen = reader(given)
            return Truth.UNKNOWN if seen is None else known(relation(seen, limit))

        return compare

    return _Operator(name=name, negated=negated, read=read)


_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
"""Longer numbers are none that a request carries."""


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text.strip()) else None


_DATE = re.compile(
    r"\d{4}-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d))?)?", re.ASCII
)
"""AWS: one of the W3C forms of ISO 8601; a year alone could also be a number of seconds, and is not read."""
_EPOCH = re.compile(r"\d{5,11}", re.ASCII)
"""Seconds; what is longer may be milliseconds, and is not read."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(text: str) -> datetime | None:
    text = text.strip()
    if _EPOCH.fullmatch(text):
        return _BEGINNING + timedelta(seconds=int(text))
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text if text.count("-") > 1 or "T" in text else f"{text}-01")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _flag(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.strip().lower())


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Network:
    version: int
    first: int
    last: int

    def within(self, other: "_Network") -> bool:
        return self.version == other.version and other.first <= self.first and self.last <= other.last


def _network(text: str) -> _Network | None:
    try:
        # AWS: without a prefix, an address is a range of one.
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return _Network(found.version, int(found.network_address), int(found.broadcast_address))


_O = TypeVar("_O", Decimal, datetime)


def _ordered_operators(kind: str, reader: Callable[[str], _O | None]) -> Iterator[_Operator]:
    yield _typed_operator(f"{kind}Equals", reader, lambda seen, limit: seen == limit)
    yield _typed_operator(f"{kind}NotEquals", reader, lambda seen, limit: seen == limit, negated=True)
    yield _typed_operator(f"{kind}LessThan", reader, lambda seen, limit: seen < limit)
    yield _typed_operator(f"{kind}LessThanEquals", reader, lambda seen, limit: seen <= limit)
    yield _typed_operator(f"{kind}GreaterThan", reader, lambda seen, limit: seen > limit)
    yield _typed_operator(f"{kind}GreaterThanEquals", reader, lambda seen, limit: seen >= limit)


def _operators() -> Iterator[_Operator]:
    for negation in ("", "Not"):
        negated = bool(negation)
        yield _text_operator(f"String{negation}Equals", match_text, negated=negated)
        yield _text_operator(f"String{negation}EqualsIgnoreCase", match_text, negated=negated)
        yield _text_operator(f"String{negation}Like", match_text, negated=negated, wildcards=True)
        # AWS: ArnEquals and ArnLike behave identically.
        yield _text_operator(f"Arn{negation}Equals", _match_arn, negated=negated, wildcards=True)
        yield _text_operator(f"Arn{negation}Like", _match_arn, negated=negated, wildcards=True)
        yield _typed_operator(f"{negation}IpAddress", _network, _Network.within, negated=negated)
    yield from _ordered_operators("Numeric", _number)
    yield from _ordered_operators("Date", _moment)
    yield _typed_operator("Bool", _flag, lambda seen, wanted: seen is wanted)
    yield _typed_operator("BinaryEquals", _bytes, lambda seen, wanted: seen == wanted)


_OPERATORS: Mapping[str, _Operator] = {each.name.lower(): each for each in _operators()}

OPERATORS: tuple[str, ...] = (*(each.name for each in _OPERATORS.values()), NULL)
"""Every operator by the name that AWS gives it."""
