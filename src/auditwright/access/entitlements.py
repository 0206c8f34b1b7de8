"""What the policies of a session come to, action by action, and which ways of the catalogue that may open."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from auditwright.access.asking import PROBED_ACTIONS, Actor, Question, bucket_of, policy_of_resource
from auditwright.access.catalogue import ASSUME, NEW_ENTRY, WAYS, On, Way
from auditwright.access.context import Caller
from auditwright.access.evaluator import Policies
from auditwright.access.likeness import Denial, Likeness
from auditwright.access.sessions import SessionClass, may_call
from auditwright.access.world import World

TAKING = ASSUME.uses[0].action.lower()
"""The action by which a role is taken."""


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies of a session come to, action by action."""

    touched: frozenset[str]
    """Of which some policy may allow something, and which are not surely denied."""
    denied: frozenset[str]


class Takable(msgspec.Struct, frozen=True, kw_only=True):
    """The ways that some rights may take, and the actions that decide on them."""

    ways: tuple[Way, ...]
    actions: frozenset[str]


@dataclass(slots=True)
class Entitlements:
    """The rights of the sessions of one world; each is worked out once."""

    world: World
    questions: tuple[Question, ...]
    likeness: Likeness = field(init=False)
    asks_documents: bool = field(init=False)
    """True where something that is asked about has a policy of its own, which may name single callers."""
    besides: frozenset[str] = field(init=False)
    """The actions of questions, and of the probe for administrators."""
    by_caller: frozenset[Way] = field(init=False)
    """Ways that are decided by who calls whatever the policies of a principal say."""
    _always: frozenset[str] = field(init=False)
    """Actions that decide on what any session comes to."""
    _refused: frozenset[str] = field(init=False)
    """The actions that AWS refuses to sessions of GetSessionToken, whatever policies say."""
    _takable: dict[frozenset[str], Takable] = field(default_factory=dict)
    _sets: dict[frozenset[str], frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        used = {action for way in WAYS for action in way.actions} | PROBED_ACTIONS
        asked = {question.action.lower() for question in self.questions}
        self.likeness = Likeness(self.world, frozenset(used | asked), frozenset(asked))
        self.asks_documents = any(map(self._has_document, self.questions))
        owned = [way for way in WAYS if way.target is On.RESOURCE and self.asks_documents]
        self.besides = PROBED_ACTIONS | asked
        self.by_caller = frozenset(
            way
            for way in WAYS
            if any(use.made == NEW_ENTRY for use in way.uses)
            or (self.asks_documents and any(use.on is On.RESOURCE for use in way.uses))
        )
        self._always = frozenset({TAKING, *asked}).union(*(way.actions for way in owned))
        counting = self.likeness.actions
        self._refused = frozenset(each for each in counting if not may_call(SessionClass.TOKEN, each))

    def _has_document(self, question: Question) -> bool:
        """True where what is asked about has a policy of its own, which may name single callers."""
        asked = ((question.action, question.resource), ("", bucket_of(question.resource)))
        return any(policy_of_resource(self.world, *each) is not None for each in asked)

    def rights(self, alternatives: tuple[Policies, ...], caller: Caller, class_: SessionClass) -> Rights:
        """What some policies come to in a kind of session."""
        denied = self.likeness.denied(alternatives, caller, class_)
        opened = self._open_to(class_, self.likeness.open_to(alternatives, caller, class_))
        touched = opened - denied if denied else opened
        # Few sets are many sessions'; each is kept once.
        return Rights(
            touched=self._sets.setdefault(touched, touched), denied=self._sets.setdefault(denied, denied)
        )

    def denial(self, actor: Actor, action: str) -> Denial | None:
        """The statement that surely denies an actor an action, whatever it asks it about; None where there is none."""
        who = (actor.caller, actor.class_)
        return self.likeness.denial(actor.alternatives, who, action.lower())

    def touched_by(self, actor: Actor) -> frozenset[str]:
        """The actions of which some policy of the actor may allow something."""
        return self._open_to(actor.class_, self.likeness.allowed(actor.alternatives))

    def _open_to(self, class_: SessionClass, actions: frozenset[str]) -> frozenset[str]:
        return actions - self._refused if class_ is SessionClass.TOKEN else actions

    def ways(self, touched: frozenset[str]) -> Takable:
        """The ways of which some policy touches every action, and all actions that it takes to decide on them."""
        found = self._takable.get(touched)
        if found is None:
            ways = [
                way
                for action in sorted(touched)
                for way, others in _WAYS_FROM.get(action, ())
                if touched.issuperset(others)
            ]
            if self.asks_documents:
                # A resource's own policy may let in whom no other policy lets.
                ways += [way for way in WAYS if way.target is On.RESOURCE and way not in ways]
            actions = self._always.union(*(way.actions for way in ways))
            probed = PROBED_ACTIONS if touched.issuperset(PROBED_ACTIONS) else frozenset[str]()
            found = self._takable[touched] = Takable(ways=tuple(ways), actions=actions | probed)
        return found


def _ways_from() -> Mapping[str, tuple[tuple[Way, frozenset[str]], ...]]:
    """The ways by their first action, each with all its actions; roles are taken otherwise."""
    found: dict[str, list[tuple[Way, frozenset[str]]]] = {}
    for way in WAYS:
        if way is not ASSUME:
            found.setdefault(way.uses[0].action.lower(), []).append((way, way.actions))
    return {action: tuple(ways) for action, ways in found.items()}


_WAYS_FROM = _ways_from()
