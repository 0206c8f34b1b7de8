"""Everybody who may ask something in a small account, and everything there is to ask."""

from collections.abc import Iterator

from hypothesis import strategies as st

from auditwright.access.asking import Actor, actor_of
from auditwright.access.catalogue import ASSUME, WAYS, On, Use
from auditwright.access.effects import targets_of
from auditwright.access.facts import session
from auditwright.access.holdings import touching
from auditwright.access.sessions import SessionClass
from auditwright.access.world import World

OF_USERS = (SessionClass.KEY, SessionClass.CONSOLE, SessionClass.TOKEN, SessionClass.MFA)
OF_ROLES = (SessionClass.ROLE, SessionClass.ROLE_AFTER_MFA, SessionClass.PROGRAM)


def actors(here: World, data: st.DataObject) -> Iterator[Actor]:
    """Every session of every principal, after some changes that an adversary may have made."""
    for principal, classes in ((here.users, OF_USERS), (here.roles, OF_ROLES)):
        for name in principal:
            changes = data.draw(st.frozensets(st.sampled_from(touching(here, name)), max_size=2))
            yield from (actor_of(here, session(name, class_), changes) for class_ in classes)


def requests(here: World) -> Iterator[tuple[Use, str]]:
    """Every use of every way, on each of its targets; roles are taken by trusts, which are no rights of the caller's."""
    for way in WAYS:
        if way is not ASSUME and way.target is not On.RESOURCE:
            for target in targets_of(here, way):
                yield from ((use, target) for use in way.uses)
