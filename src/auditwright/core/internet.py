"""Which part of the internet the peers of firewall rules are.

1. The address blocks are merged, so that two halves of the internet count as the whole.
2. A merged block that is wider than one organization holds is the internet at large, unless nothing on the internet has an
   address in it.
3. A group as the peer is only the interfaces of that group. The addresses of a prefix list are not in the rule, so what it
   is, is unknown.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from auditwright.core.outcome import Unknown

NARROWEST_OPEN_IPV4 = 7
"""IANA gave no single organization more than a /8 at a time; a wider block is many strangers."""

NARROWEST_OPEN_IPV6 = 15
"""Registries hold /12 blocks, and the largest networks of one organization are /16."""

MAX_KNOWN_PEERS = 4_096
"""Peers that are remembered: the same few stand in most groups."""

Block: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_INTERNET: tuple[Block, ...] = (
    ipaddress.IPv4Network("224.0.0.0/3"),  # multicast and reserved, RFC 1112
    ipaddress.IPv6Network("fc00::/7"),  # unique local, RFC 4193
    ipaddress.IPv6Network("fe80::/9"),  # link local and the retired site local, RFC 4291 and RFC 3879
    ipaddress.IPv6Network("ff00::/8"),  # multicast, RFC 4291
)
"""Blocks wide enough to count as open in which nothing on the internet has an address."""

_PRIVATE: tuple[Block, ...] = (
    *(
        ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    ),  # RFC 1918
    ipaddress.IPv4Network("100.64.0.0/10"),  # shared by carriers, RFC 6598
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv4Network("169.254.0.0/16"),  # link local, RFC 3927
    *_NOT_INTERNET,
)
"""Networks that the internet routes nothing to."""


def internet_in(peers: Iterable[str]) -> str | Unknown | None:
    """The part of the internet that is among peers, in words; None for none."""
    blocks, unseen = _blocks(peers)
    wide = [block for block in _merged(blocks) if _is_internet(block)]
    if not wide:
        return unseen
    names = ", ".join(str(block) for block in wide)
    if any(block.prefixlen == 0 for block in wide):
        return f"the whole internet ({names})"
    return f"{names}, wider than one organization holds"


def public_in(peers: Iterable[str]) -> str | Unknown | None:
    """The first peer that is not wholly inside private networks, however narrow; None where all are."""
    blocks, unseen = _blocks(peers)
    public = (str(block) for block in blocks if not any(_inside(block, private) for private in _PRIVATE))
    return next(public, unseen)


def _blocks(peers: Iterable[str]) -> tuple[list[Block], Unknown | None]:
    """The addresses of peers that are not groups, and why some are not known."""
    found = [block for peer in peers if (block := _block(peer)) is not None]
    unseen = next((block for block in found if isinstance(block, Unknown)), None)
    return [block for block in found if not isinstance(block, Unknown)], unseen


@lru_cache(maxsize=MAX_KNOWN_PEERS)
def _block(peer: str) -> Block | Unknown | None:
    """The addresses of a rule's peer; None where it is a group."""
    if peer.startswith("sg-"):
        return None
    if peer.startswith("pl-"):
        return Unknown(f"the addresses of prefix list {peer} were not collected")
    try:
        return ipaddress.ip_network(peer, strict=False)
    except ValueError:
        return Unknown(f"a rule admits {peer!r}, which is no address block, group or prefix list")


def _merged(blocks: Sequence[Block]) -> list[Block]:
    fours = [block for block in blocks if isinstance(block, ipaddress.IPv4Network)]
    sixes = [block for block in blocks if isinstance(block, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]


def _is_internet(block: Block) -> bool:
    narrowest = NARROWEST_OPEN_IPV4 if isinstance(block, ipaddress.IPv4Network) else NARROWEST_OPEN_IPV6
    return block.prefixlen <= narrowest and not any(_inside(block, other) for other in _NOT_INTERNET)


def _inside(block: Block, other: Block) -> bool:
    match block, other:
        case ipaddress.IPv4Network(), ipaddress.IPv4Network():
            return block.subnet_of(other)
        case ipaddress.IPv6Network(), ipaddress.IPv6Network():
            return block.subnet_of(other)
        case _:
            return False
