"""Which ports the rules of a firewall open to the internet.

1. The rules that admit traffic to the port are picked: inbound, of its protocol, with it in their range.
2. The address blocks that they admit are merged, so that two halves of the internet count as the whole.
3. A merged block that is wider than one organization holds is open to the internet, unless nothing on
   the internet has an address in it.
4. A group as the peer admits only interfaces of that group. The addresses of a prefix list are not in the
   rule, so what it admits is unknown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from auditwright.core.internet import internet_in
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import FirewallRule, SecurityGroup

TCP = "tcp"
UDP = "udp"
EVERY_PROTOCOL = "-1"
EVERY_PORT = -1
FIRST_PORT = 1
LAST_PORT = 65_535

# IANA protocol numbers; AWS gives names for some and accepts either.
_NAMES = {"6": TCP, "17": UDP, "all": EVERY_PROTOCOL}

MAX_RULE_SETS = 4_096
"""Groups are made from templates: most of an account's have rules that another has too."""


@dataclass(frozen=True, slots=True)
class Door:
    """A port over a protocol."""

    protocol: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.port}"


def read_door(setting: str) -> Door | Unknown:
    """A setting such as `5432` or `11211/udp`; a port without a protocol is a TCP port."""
    port, _, protocol = setting.strip().partition("/")
    protocol = protocol.lower() or TCP
    if port.isascii() and port.isdigit() and FIRST_PORT <= int(port) <= LAST_PORT and protocol in (TCP, UDP):
        return Door(protocol, int(port))
    return Unknown(
        f"the setting names the port {setting!r}; write a number from {FIRST_PORT} to {LAST_PORT}, "
        "and /udp after it where it is not TCP"
    )


def closed_to_internet(group: SecurityGroup, ports: tuple[str, ...]) -> Outcome:
    """Satisfied where the group opens none of the ports to the internet, written as `read_door` reads them."""
    if isinstance(group.rules, Unknown):
        return Undetermined(group.rules.why)
    return _closed(group.rules, ports)


@lru_cache(maxsize=MAX_RULE_SETS)
def _closed(rules: tuple[FirewallRule, ...], ports: tuple[str, ...]) -> Outcome:
    assert ports, "of no port nothing can be said"
    wanted: list[_Wanted] = []
    for door in map(read_door, ports):
        if isinstance(door, Unknown):
            return Undetermined(door.why)
        wanted.append((str(door), _admits(door)))
    return _judge(rules, wanted)


def lacks_all_ports_rule(group: SecurityGroup) -> Outcome:
    """Satisfied where the group opens neither every TCP port nor every UDP port to the internet."""
    if isinstance(group.rules, Unknown):
        return Undetermined(group.rules.why)
    return _lacking(group.rules)


@lru_cache(maxsize=MAX_RULE_SETS)
def _lacking(rules: tuple[FirewallRule, ...]) -> Outcome:
    everything = _judge(rules, [("every port of every protocol", _admits_every_protocol)])
    if isinstance(everything, Deviation):
        return everything
    return _judge(
        rules, [(f"every {protocol} port", _admits_every_port(protocol)) for protocol in (TCP, UDP)]
    )


def opening(rules: Iterable[FirewallRule]) -> str | Unknown | None:
    """The part of the internet that rules admit, in words; None for none."""
    return internet_in(rule.peer for rule in rules)


_Wanted: TypeAlias = tuple[str, Callable[[FirewallRule], bool]]
"""What is to be closed, in words, and whether a rule admits traffic to it."""


def _judge(rules: Sequence[FirewallRule], wanted: Sequence[_Wanted]) -> Outcome:
    inbound = [rule for rule in rules if rule.inbound]
    by_peer: dict[str, list[str]] = {}
    unseen: Unknown | None = None
    for name, admits in wanted:
        found = opening(rule for rule in inbound if admits(rule))
        if isinstance(found, Unknown):
            unseen = unseen or Unknown(f"{name}: {found.why}")
        elif found is not None:
            by_peer.setdefault(found, []).append(name)
    if by_peer:
        return Deviation("; ".join(f"open to {peer}: {', '.join(by_peer[peer])}" for peer in by_peer))
    return Satisfied() if unseen is None else Undetermined(unseen.why)


def _admits(door: Door) -> Callable[[FirewallRule], bool]:
    def admits(rule: FirewallRule) -> bool:
        protocol = _protocol(rule)
        if protocol == EVERY_PROTOCOL:
            return True  # EC2 IpPermission: with protocol -1, ports are ignored
        return protocol == door.protocol and (
            rule.from_port == EVERY_PORT or rule.from_port <= door.port <= rule.to_port
        )

    return admits


def _admits_every_protocol(rule: FirewallRule) -> bool:
    return _protocol(rule) == EVERY_PROTOCOL


def _admits_every_port(protocol: str) -> Callable[[FirewallRule], bool]:
    def admits(rule: FirewallRule) -> bool:
        if _protocol(rule) != protocol:
            return _admits_every_protocol(rule)
        return rule.from_port == EVERY_PORT or (rule.from_port <= FIRST_PORT and rule.to_port >= LAST_PORT)

    return admits


def _protocol(rule: FirewallRule) -> str:
    protocol = rule.protocol.lower()
    return _NAMES.get(protocol, protocol)
