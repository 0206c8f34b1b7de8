"""Where users of the same rights are told apart by their own names alone: what one may do to itself, each may.

1. A policy that lets each user look after itself ends a resource in `${aws:username}`. Where every other name that it
   or another spells is either of all users or of none, and nothing else asks who calls, users are alike in what they
   may do to themselves, and in what they may do to anybody else.
2. That is so for users whose names the account knows once, and whose ARNs have no path between kind and name: then such
   a resource means one user and no other, and either each of these users or none.
3. What is made may be named at will: what is said of names with one's own in them is said of each user's alike.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from auditwright.access.asking import FRESH
from auditwright.access.catalogue import Gain, On, Use, Way
from auditwright.access.glob import compile_glob
from auditwright.access.likeness import asks_besides_resources
from auditwright.access.meeting import may_meet
from auditwright.access.policy import Policy, Statement
from auditwright.access.targets import EVERYTHING, Targets
from auditwright.access.variables import Template, Variable, has_variables
from auditwright.access.world import World, account_of


@dataclass(slots=True)
class OwnNames:
    """Tells, for one world, whose name is plain, and which ways such names alone decide."""

    world: World
    targets: Targets
    plain: frozenset[str] = field(init=False)
    """The users whose names are (2), by ARN."""

    def __post_init__(self) -> None:
        times = Counter((account_of(arn), _name(arn)) for arn in self.world.users)
        self.plain = frozenset(
            arn
            for arn in self.world.users
            if times[account_of(arn), _name(arn)] == 1
            and arn.endswith(f":user/{_name(arn)}")
            and _name(arn) not in FRESH
        )

    def decide(self, way: Way, bearing: Iterable[tuple[Use, Policy, Statement]]) -> bool:
        """True where a way is open to each plain user of the same account and rights on itself, or to none of them (1)."""
        return (
            way.target is On.USER
            and way.gain not in {Gain.REMADE, Gain.SESSION}
            and all(use.on in {On.USER, On.ANY, On.MADE} for use in way.uses)
            and all(self._tells_by_name_alone(way, *each) for each in bearing)
        )

    def _tells_by_name_alone(self, way: Way, use: Use, policy: Policy, statement: Statement) -> bool:
        named = statement.resources
        if asks_besides_resources(statement):
            return False
        if named is None or (named.fixed.everything and not named.templates):
            return True
        if not all(map(_ends_in_the_name, named.templates)):
            return False
        if use.on is On.USER:
            return self.targets.spelled(policy, statement, named, way) in {EVERYTHING, frozenset()}
        fixed = [each for each in named.patterns if not named.templates or not has_variables(each)]
        return use.on is On.ANY or all(self._of_every_name(use.made, each) for each in fixed)

    def _of_every_name(self, made: str, pattern: str) -> bool:
        """True where a pattern matches whatever is made of a kind, or nothing, in whichever account."""
        templates = [
            made.replace("{partition}", self.world.partition).replace("{account}", account)
            for account in self.world.accounts
        ]
        # The stars of a template, taken as characters, only stars match.
        every = "?" not in pattern and all(map(compile_glob(pattern).matches, templates))
        return every or not any(may_meet(pattern, each) for each in templates)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _ends_in_the_name(template: Template) -> bool:
    """True for a pattern that has nothing of the caller but the name, behind a slash at its end."""
    *head, last = template.pieces
    before = head[-1] if head else ""
    return (
        isinstance(last, Variable)
        and last.key == "aws:username"
        and isinstance(before, str)
        and before.endswith("/")
        and not any(isinstance(each, Variable) for each in head)
    )
