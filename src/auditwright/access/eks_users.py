"""Which Kubernetes users an identity of an EKS cluster can sign in as, where its name has slots.

A session's name is the caller's choice, so that a slot for it is too: any user or group whose name the template can
produce. Authorization only ever compares names, so it is enough to try the names that some binding has.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

from auditwright.access.aws_auth import Slot, Template, filled, template_text
from auditwright.access.eks import ChosenSession, FixedSession, Identity, NoSession, Session
from auditwright.access.kubernetes import User
from auditwright.core.outcome import Unknown

# AWS: RoleSessionName has 2 to 64 of these characters.
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_INSTANCE_ID = re.compile(r"i-(\w{8}|\w{17})", re.ASCII)
_SESSION_SLOTS = frozenset({Slot.SESSION, Slot.SESSION_RAW})
_UNSEEN_SLOTS = {
    Slot.ACCESS_KEY: (re.compile(r"\w{16,128}", re.ASCII), "the id of the access key was not seen"),
    Slot.PRIVATE_DNS: (
        re.compile(r"[a-z0-9.-]{1,253}"),
        "the name depends on which instance the session is named after",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedUser:
    """A user that a caller signs in as, or may."""

    user: User
    session_name: str | None
    """The name that the session has to have; None: any will do, or there is none."""
    doubts: tuple[str, ...]
    """The identity's doubts, and those about its name."""


def users_of(identity: Identity, names: Collection[str]) -> tuple[MappedUser, ...]:
    """The users that an identity can be, as far as they differ in the names that bindings have.

    A slot that could be filled with anything stays as it is written where none of these names is meant.
    """
    templates = _templates(identity)
    slots = {part for template in templates for part in template if isinstance(part, Slot)}
    if Slot.PRIVATE_DNS in slots and not _may_be_instance(identity.session):
        # The authenticator refuses a session that is not named after an instance.
        return ()
    fixed = _fixed_name(identity.session)
    if fixed is not None or not slots & _SESSION_SLOTS:
        return tuple(_named(identity, fixed, names, chosen=False))
    wanted = (*_session_names(templates, names), _free_name(templates, names))
    return tuple(user for name in wanted for user in _named(identity, name, names, chosen=True))


def session_name_for(template: Template, name: str) -> str | None:
    """A session's name that makes a template produce a name; None where there is none.

    Only for templates whose slots all stand for the session: each is filled with a text of the same length.
    """
    slots = [part for part in template if isinstance(part, Slot)]
    if not slots or not _SESSION_SLOTS.issuperset(slots):
        return None
    length, rest = divmod(
        len(name) - sum(len(part) for part in template if not isinstance(part, Slot)), len(slots)
    )
    if rest or length <= 0:
        return None
    at = 0
    session = ""
    for part in template:
        if isinstance(part, Slot):
            # `@` becomes `-` in one kind of slot; the other shows the name as it is.
            if part is Slot.SESSION_RAW or not session:
                session = name[at : at + length]
            at += length
        else:
            at += len(part)
    fits = _SESSION_NAME.fullmatch(session) and template_text(_with_session(template, session)) == name
    return session if fits else None


def _templates(identity: Identity) -> tuple[Template, ...]:
    username = () if isinstance(identity.username, Unknown) else (identity.username,)
    return (*username, *(() if isinstance(identity.groups, Unknown) else identity.groups))


def _fixed_name(session: Session) -> str | None:
    """The name of a session that the caller cannot choose; empty where there is no session."""
    match session:
        case NoSession():
            return ""
        case FixedSession(name=name):
            return name
        case ChosenSession() | Unknown():
            return None


def _may_be_instance(session: Session) -> bool:
    name = _fixed_name(session)
    return name is None or _INSTANCE_ID.fullmatch(name) is not None


def _free_name(templates: Iterable[Template], names: Collection[str]) -> str | None:
    """None, which leaves the slots as they are written; or a session name where a binding has just that text."""
    partly = [template for template in templates if any(isinstance(part, Slot) for part in template)]
    if not any(template_text(template) in names for template in partly):
        return None
    tried = (f"any-session-{number}" for number in count())
    return next(
        name
        for name in tried
        if not any(template_text(_with_session(each, name)) in names for each in partly)
    )


def _session_names(templates: Iterable[Template], names: Iterable[str]) -> tuple[str, ...]:
    """The session names that make a username or group equal to one of the names."""
    wanted = tuple(sorted(names))
    partly = tuple(template for template in templates if any(isinstance(part, Slot) for part in template))
    found = (session_name_for(template, name) for template in partly for name in wanted)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _named(
    identity: Identity, session_name: str | None, names: Collection[str], *, chosen: bool
) -> Iterator[MappedUser]:
    """The users with one session name; with several where a slot stands for what was not seen."""
    doubts = list(identity.doubts)
    if chosen and isinstance(identity.session, Unknown):
        doubts.append(identity.session.why)
    username, groups = identity.username, identity.groups
    if session_name is not None:
        username = username if isinstance(username, Unknown) else _with_session(username, session_name)
        if not isinstance(groups, Unknown):
            groups = tuple(_with_session(each, session_name) for each in groups)
    whole = replace(identity, username=username, groups=groups)
    unseen = {part for template in _templates(whole) for part in template if part in _UNSEEN_SLOTS}
    doubts += (why for slot, (_, why) in _UNSEEN_SLOTS.items() if slot in unseen)
    made = MappedUser(
        user=User(
            username=username if isinstance(username, Unknown) else template_text(username),
            groups=groups if isinstance(groups, Unknown) else frozenset(map(template_text, groups)),
            policies=identity.policies,
        ),
        session_name=session_name if chosen else None,
        doubts=tuple(doubts),
    )
    yield made
    if unseen:
        yield from _guessed(whole, made, names)


def _guessed(identity: Identity, made: MappedUser, names: Collection[str]) -> Iterator[MappedUser]:
    """One more user for each name that a template with an unseen slot might turn out to be."""
    if not isinstance(identity.username, Unknown):
        could_be = _could_be(identity.username)
        for name in filter(could_be, sorted(names)):
            yield replace(made, user=replace(made.user, username=name))
    if not isinstance(identity.groups, Unknown) and not isinstance(made.user.groups, Unknown):
        tests = [_could_be(group) for group in identity.groups]
        more = frozenset(name for name in names if any(test(name) for test in tests))
        if more:
            yield replace(made, user=replace(made.user, groups=made.user.groups | more))


def _could_be(template: Template) -> Callable[[str], bool]:
    if not any(part in _UNSEEN_SLOTS for part in template):
        return lambda _: False
    parts = [
        _UNSEEN_SLOTS[part][0].pattern
        if part in _UNSEEN_SLOTS and isinstance(part, Slot)
        else _SESSION_NAME.pattern
        if isinstance(part, Slot)
        else re.escape(part)
        for part in template
    ]
    pattern = re.compile("".join(f"(?:{part})" for part in parts), re.ASCII)
    return lambda name: pattern.fullmatch(name) is not None


def _with_session(template: Template, name: str) -> Template:
    return filled(template, {Slot.SESSION: name.replace("@", "-"), Slot.SESSION_RAW: name})
