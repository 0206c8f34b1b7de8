"""Laws of what a security group opens to the internet."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.control_tests._examples import group, inbound
from auditwright.control_tests.network._reach import (
    closed_to_internet,
    lacks_all_ports_rule,
    opening,
    read_door,
)
from auditwright.core.outcome import Deviation, Satisfied, Undetermined, Unknown
from auditwright.core.resources import FirewallRule

PORTS = st.integers(min_value=1, max_value=65_535)
PEERS = st.sampled_from(
    [
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/1",
        "8.0.0.0/7",
        "10.0.0.0/8",
        "198.51.100.7/32",
        "fd00::/8",
        "fc00::/7",
        "2000::/3",
        "224.0.0.0/4",
        "sg-1",
        "pl-1",
        "nonsense",
    ]
)
PROTOCOLS = st.sampled_from(["-1", "tcp", "6", "udp", "17", "icmp", "50"])


@st.composite
def rules(draw: st.DrawFn) -> FirewallRule:
    low, high = sorted((draw(PORTS), draw(PORTS)))
    rule = inbound(draw(PROTOCOLS), draw(st.sampled_from([(low, high), (-1, -1)])), draw(PEERS))
    return (
        rule
        if draw(st.booleans())
        else FirewallRule(
            inbound=False,
            protocol=rule.protocol,
            from_port=rule.from_port,
            to_port=rule.to_port,
            peer=rule.peer,
        )
    )


@given(PORTS, PORTS, PORTS)
def test_a_rule_opens_exactly_the_ports_of_its_range(one: int, other: int, port: int) -> None:
    low, high = sorted((one, other))
    outcome = closed_to_internet(group(inbound("tcp", (low, high), "0.0.0.0/0")), (f"{port}/tcp",))
    assert isinstance(outcome, Deviation) == (low <= port <= high)


@given(st.lists(rules(), max_size=6), rules(), PORTS)
def test_a_further_rule_never_closes_a_port(held: list[FirewallRule], added: FirewallRule, port: int) -> None:
    door = (f"{port}/tcp",)
    before = closed_to_internet(group(*held), door)
    after = closed_to_internet(group(*held, added), door)
    if isinstance(before, Deviation):
        assert isinstance(after, Deviation)
    if isinstance(before, Undetermined):
        assert not isinstance(after, Satisfied)


@given(st.lists(rules(), max_size=6))
def test_the_order_of_rules_does_not_matter_to_what_is_open(held: list[FirewallRule]) -> None:
    doors = ("22", "11211/udp")
    forward = closed_to_internet(group(*held), doors)
    backward = closed_to_internet(group(*reversed(held)), doors)
    assert type(forward) is type(backward)


@given(st.lists(rules(), max_size=6))
def test_a_group_that_opens_every_port_opens_each(held: list[FirewallRule]) -> None:
    outcome = lacks_all_ports_rule(group(*held))
    if isinstance(outcome, Deviation):
        every = tuple(f"{port}/{protocol}" for protocol in ("tcp", "udp") for port in (1, 22, 65_535))
        assert isinstance(closed_to_internet(group(*held), every), Deviation)


@given(st.integers(min_value=0, max_value=7), st.integers(min_value=0, max_value=4), st.data())
def test_splitting_a_block_into_parts_does_not_hide_it(prefix: int, bits: int, data: st.DataObject) -> None:
    address = data.draw(st.integers(min_value=0, max_value=2**32 - 1))
    block = ipaddress.IPv4Network((address, prefix), strict=False)
    parts = [inbound("tcp", (22, 22), str(part)) for part in block.subnets(prefixlen_diff=bits)]
    assert opening(parts) == opening([inbound("tcp", (22, 22), str(block))])


@pytest.mark.parametrize(
    "peer", ["fc00::/7", "fe80::/9", "ff00::/8", "224.0.0.0/3", "240.0.0.0/4", "10.0.0.0/8"]
)
def test_blocks_without_internet_addresses_are_not_the_internet(peer: str) -> None:
    assert opening([inbound("tcp", (22, 22), peer)]) is None


@pytest.mark.parametrize("peer", ["pl-0123", "", "everybody", "300.0.0.0/0", "0.0.0.0/33"])
def test_a_peer_that_cannot_be_read_is_unknown(peer: str) -> None:
    assert isinstance(opening([inbound("tcp", (22, 22), peer)]), Unknown)


def test_what_is_seen_open_counts_beside_what_is_not_seen() -> None:
    held = [inbound("tcp", (22, 22), "pl-0123"), inbound("tcp", (22, 22), "0.0.0.0/0")]
    assert opening(held) == "the whole internet (0.0.0.0/0)"


@pytest.mark.parametrize("setting", ["0", "65536", "-1", "", "x", "22/sctp", "²²", "22/tcp/udp"])
def test_a_setting_that_is_no_port_is_refused(setting: str) -> None:
    assert isinstance(read_door(setting), Unknown)


@pytest.mark.parametrize(
    ("setting", "door"), [("22", "tcp/22"), (" 11211/UDP ", "udp/11211"), ("1/tcp", "tcp/1")]
)
def test_a_setting_names_a_port_and_perhaps_a_protocol(setting: str, door: str) -> None:
    assert str(read_door(setting)) == door
