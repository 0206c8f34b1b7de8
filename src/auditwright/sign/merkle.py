"""The log's Merkle tree: roots, proofs that a leaf is in it, and proofs that it only ever grew.

The tree is that of RFC 9162 2.1: a leaf hashes to SHA-256(0x00 || leaf), a node to SHA-256(0x01 || left || right), and a
tree of n leaves splits at the largest power of two smaller than n. Everything here takes leaf hashes, never leaves.

Proofs come out of a `HashReader`: the leaf hashes, and C2SP tlog-tiles of 256 hashes above them, so that a proof in a log of
a million leaves reads a handful of tiles and not the log. Tile (level 1, index i) holds the roots of the 256-leaf subtrees
256*i .. 256*i+255, tile (2, i) the roots of the 65,536-leaf subtrees, and so on.

Verification takes hostile input: sizes, indexes and lengths are checked exactly before any hash is computed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, Self, TypeAlias

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 9162 2.1.1: the hash of an empty list

TILE_HEIGHT = 8  # C2SP tlog-tiles: a tile is 8 levels high
TILE_WIDTH = 1 << TILE_HEIGHT

MAX_SIZE = (
    1 << 63
) - 1  # what a signed 64-bit counter can hold; no log reaches it, only an attacker writes it

Tile: TypeAlias = tuple[int, int, Sequence[bytes]]
"""A tile's level, its index in the level, and its hashes."""


class InvalidProofError(ValueError):
    """A proof does not prove what it claims; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeHead:
    """A tree of the log, named by its number of leaves and its root hash."""

    size: int
    root: bytes


class HashReader(Protocol):
    """Where proofs read hashes from."""

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        """Return the leaf hashes of [start, stop), all of them."""
        ...

    def tile(self, level: int, index: int) -> Sequence[bytes] | None:
        """Return the hashes stored for a tile of level >= 1: 256, or the first few of a growing one, or None."""
        ...


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtree_levels(start: int, stop: int) -> list[int]:
    """Return the levels of the fewest perfect aligned subtrees that cover [start, stop), left to right."""
    levels: list[int] = []
    position = start
    while position < stop:
        level = (stop - position).bit_length() - 1
        if position:
            level = min(level, (position & -position).bit_length() - 1)
        levels.append(level)
        position += 1 << level
    return levels


class Frontier:
    """The roots of the perfect subtrees that cover a range of leaves: all that is needed to go on growing it.

    A range from 0 has a root. A range that starts later has none until it is merged behind the range before it, which is
    how parts of a tree are hashed apart and joined.
    """

    __slots__ = ("_hashes", "_start", "_stop")

    def __init__(self, start: int = 0, stop: int | None = None, hashes: Iterable[bytes] = ()) -> None:
        """Take up a range [start, stop) from its stored hashes; without them, an empty range at `start`.

        Raises ValueError when the number or the length of the hashes is not what the range needs.
        """
        self._start = start
        self._stop = start if stop is None else stop
        self._hashes = list(hashes)
        if not 0 <= self._start <= self._stop <= MAX_SIZE:
            raise ValueError(f"a range of leaves cannot be [{self._start}, {self._stop})")
        needed = len(subtree_levels(self._start, self._stop))
        if len(self._hashes) != needed or any(len(digest) != HASH_BYTES for digest in self._hashes):
            raise ValueError(
                f"the range [{self._start}, {self._stop}) needs {needed} hashes of {HASH_BYTES} bytes; got "
                f"{len(self._hashes)}: take the frontier from the log that it belongs to"
            )

    @property
    def start(self) -> int:
        """The index of the first leaf of the range."""
        return self._start

    @property
    def size(self) -> int:
        """The index after the last leaf; the tree's size when the range starts at 0."""
        return self._stop

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The subtree roots, left to right."""
        return tuple(self._hashes)

    def copy(self) -> Self:
        """Return a frontier that grows apart from this one."""
        return type(self)(self._start, self._stop, self._hashes)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf by its hash."""
        self._push(0, leaf_hash)

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaves by their hashes."""
        for leaf_hash in leaf_hashes:
            self._push(0, leaf_hash)

    def merge(self, following: "Frontier") -> None:
        """Add the range that follows this one directly.

        Raises ValueError when it does not follow.
        """
        if following.start != self._stop:
            raise ValueError(
                f"a range that starts at {following.start} does not follow one that ends at {self._stop}"
            )
        levels = subtree_levels(following.start, following.size)
        for level, digest in zip(levels, following.hashes, strict=True):
            self._push(level, digest)

    def root(self) -> bytes:
        """Return the tree's root hash.

        Raises ValueError for a range that does not start at 0.
        """
        if self._start:
            raise ValueError(
                f"a range that starts at leaf {self._start} has no root: merge it behind the leaves before it"
            )
        return _fold(self._hashes)

    def _push(self, level: int, digest: bytes) -> None:
        position = self._stop >> level
        depth = level
        # A node is joined with its left sibling as soon as there is one inside the range.
        while position & 1 and (position - 1) << depth >= self._start:
            digest = hashlib.sha256(b"\x01" + self._hashes.pop() + digest).digest()
            position >>= 1
            depth += 1
        self._hashes.append(digest)
        self._stop += 1 << level


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join subtree roots, largest first, into the root of the tree that they make."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for digest in reversed(hashes[:-1]):
        root = node_hash(digest, root)
    return root


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root hash of the tree over the given leaf hashes (RFC 9162 2.1.1)."""
    frontier = Frontier()
    frontier.extend(leaf_hashes)
    return frontier.root()


class _Tree:
    """Hashes of a tree of one size, read tile by tile, each tile once."""

    __slots__ = ("_reader", "_size", "_tiles")

    def __init__(self, reader: HashReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def root(self, start: int, stop: int) -> bytes:
        """Return MTH(D[start:stop]); `start` is a multiple of a power of two no smaller than the range."""
        hashes: list[bytes] = []
        position = start
        for level in subtree_levels(start, stop):
            hashes.append(self._subtree(level, position >> level))
            position += 1 << level
        return _fold(hashes)

    def hashes(self, level: int, start: int, stop: int) -> list[bytes]:
        """Return the roots of the subtrees [start, stop) that a tile level is made of."""
        found: list[bytes] = []
        for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH)):
            base = index * TILE_WIDTH
            found.extend(self._tile(level, index)[max(start - base, 0) : stop - base])
        return found

    def _subtree(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        hashes = self.hashes(tile_level, index << height, (index + 1) << height)
        return _fold_perfect(hashes)

    def _tile(self, level: int, index: int) -> Sequence[bytes]:
        tile = self._tiles.get((level, index))
        if tile is None:
            tile = self._read(level, index)
            self._tiles[level, index] = tile
        return tile

    def _read(self, level: int, index: int) -> Sequence[bytes]:
        start = index * TILE_WIDTH
        stop = min(start + TILE_WIDTH, self._size >> (TILE_HEIGHT * level))
        if level == 0:
            hashes = self._reader.leaf_hashes(start, stop)
            if len(hashes) != stop - start:
                raise LookupError(
                    f"the log's store gave {len(hashes)} leaf hashes for [{start}, {stop}): repair the store"
                )
            return hashes
        stored = list(self._reader.tile(level, index) or ())[: stop - start]
        for position in range(start + len(stored), stop):  # not stored yet: hash what lies below it
            below = self.hashes(level - 1, position * TILE_WIDTH, (position + 1) * TILE_WIDTH)
            stored.append(_fold_perfect(below))
        return stored


def _fold_perfect(hashes: Sequence[bytes]) -> bytes:
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_root(reader: HashReader, size: int) -> bytes:
    """Return the root hash that the log had at a size."""
    _check_size(size)
    return _Tree(reader, size).root(0, size)


def frontier_at(reader: HashReader, size: int) -> Frontier:
    """Return the frontier that the log had at a size."""
    _check_size(size)
    tree = _Tree(reader, size)
    stops = [0]
    for level in subtree_levels(0, size):
        stops.append(stops[-1] + (1 << level))
    return Frontier(0, size, [tree.root(start, stop) for start, stop in pairwise(stops)])


def inclusion_proof(reader: HashReader, index: int, size: int) -> tuple[bytes, ...]:
    """Return the hashes that prove leaf `index` to be in the tree of `size` leaves (RFC 9162 2.1.3.1).

    Raises ValueError when the index is not in the tree.
    """
    _check_size(size)
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a log of {size}")
    tree = _Tree(reader, size)
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(tree.root(middle, stop))
            stop = middle
        else:
            path.append(tree.root(start, middle))
            start = middle
    return tuple(reversed(path))


def consistency_proof(reader: HashReader, old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return the hashes that prove the tree of `old_size` to be the beginning of that of `new_size` (RFC 9162 2.1.4.1).

    The proof from an empty tree is empty. Raises ValueError when the sizes are not in order.
    """
    _check_growth(old_size, new_size)
    if old_size == 0:
        return ()
    tree = _Tree(reader, new_size)
    path: list[bytes] = []
    start, stop = 0, new_size
    while stop != old_size:
        middle = start + _split(stop - start)
        if old_size <= middle:
            path.append(tree.root(middle, stop))
            stop = middle
        else:
            path.append(tree.root(start, middle))
            start = middle
    if start:  # the old root itself is known to the verifier and is left out
        path.append(tree.root(start, stop))
    return tuple(reversed(path))


def new_tiles(reader: HashReader, old_size: int, new_size: int) -> Iterator[Tile]:
    """Give the tiles of level >= 1 that a growth completes, lower levels first; they never change again.

    The reader need only know the leaf hashes and the tiles of `old_size`.
    """
    _check_growth(old_size, new_size)
    tree = _Tree(reader, new_size)
    level = 1
    while complete := new_size >> (TILE_HEIGHT * (level + 1)):
        for index in range(old_size >> (TILE_HEIGHT * (level + 1)), complete):
            yield level, index, tree.hashes(level, index * TILE_WIDTH, (index + 1) * TILE_WIDTH)
        level += 1


def growing_tiles(reader: HashReader, old_size: int, new_size: int) -> Iterator[Tile]:
    """Give the last tile of each level >= 1 where a growth left it longer but not complete; at most one a level.

    A store that keeps these too, each in place of the one before, makes a proof near the log's end as cheap as any
    other. Without them such a proof hashes up to 65,280 leaf hashes again (some 60 ms).
    """
    _check_growth(old_size, new_size)
    tree = _Tree(reader, new_size)
    level = 1
    while after := new_size >> (TILE_HEIGHT * level):
        before = old_size >> (TILE_HEIGHT * level)
        if after > before and after % TILE_WIDTH:
            index = after // TILE_WIDTH
            yield level, index, tree.hashes(level, index * TILE_WIDTH, after)
        level += 1


def verify_inclusion(leaf_hash: bytes, index: int, path: Sequence[bytes], head: TreeHead) -> None:
    """Check that the leaf with this hash stands at `index` in a tree (RFC 9162 2.1.3.2).

    Raises InvalidProofError.
    """
    _check_claim(head, (leaf_hash, *path))
    if not _is_count(index) or index >= head.size:
        raise InvalidProofError(f"the index {index} is not in a tree of {head.size} leaves")
    inner = (index ^ (head.size - 1)).bit_length()
    needed = inner + (index >> inner).bit_count()
    if len(path) != needed:
        raise InvalidProofError(
            f"an inclusion proof of leaf {index} in {head.size} has {needed} hashes, this one {len(path)}"
        )
    position, last = index, head.size - 1
    digest = leaf_hash
    for sibling in path:
        if position & 1 or position == last:
            digest = node_hash(sibling, digest)
            position, last = _past_lone_nodes(position, last)
        else:
            digest = node_hash(digest, sibling)
        position >>= 1
        last >>= 1
    if last or digest != head.root:
        raise InvalidProofError(
            f"the proof of leaf {index} leads to another root than that of the tree of {head.size} leaves"
        )


def verify_consistency(old: TreeHead, new: TreeHead, path: Sequence[bytes]) -> None:
    """Check that one tree is the beginning of another (RFC 9162 2.1.4.2).

    Raises InvalidProofError.
    """
    _check_claim(old, ())
    _check_claim(new, path)
    claim = f"from {old.size} to {new.size} leaves"
    if old.size > new.size:
        raise InvalidProofError(f"a tree of {new.size} leaves cannot have grown from one of {old.size}")
    if old.size in {0, new.size}:
        if path or old.root != (EMPTY_ROOT if old.size == 0 else new.root):
            raise InvalidProofError(f"{claim} the proof is empty and the roots are known: they do not fit")
        return
    hashes = list(path)
    if old.size & (old.size - 1) == 0:  # the old tree is a subtree of the new one
        hashes.insert(0, old.root)
    if not hashes:
        raise InvalidProofError(f"the proof {claim} is empty")
    # Both trees share the subtrees that the old one ends with: start above them.
    shared = (old.size & -old.size).bit_length() - 1
    position, last = (old.size - 1) >> shared, (new.size - 1) >> shared
    old_root = new_root = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise InvalidProofError(f"the proof {claim} has too many hashes")
        if position & 1 or position == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            position, last = _past_lone_nodes(position, last)
        else:
            new_root = node_hash(new_root, sibling)
        position >>= 1
        last >>= 1
    if last or (old_root, new_root) != (old.root, new.root):
        raise InvalidProofError(f"the proof {claim} does not lead from the one root to the other")


def _past_lone_nodes(position: int, last: int) -> tuple[int, int]:
    """Climb past the levels where the last node has no sibling, so that no hash of the path belongs to them."""
    while not position & 1 and position:
        position >>= 1
        last >>= 1
    return position, last


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise ValueError(f"a log cannot have {size} leaves")


def _check_growth(old_size: int, new_size: int) -> None:
    _check_size(new_size)
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a log of {new_size} leaves cannot have grown from one of {old_size}")


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_SIZE


def _check_claim(head: TreeHead, hashes: Sequence[bytes]) -> None:
    if not _is_count(head.size):
        raise InvalidProofError(f"a tree cannot have {head.size} leaves")
    if head.size == 0 and head.root != EMPTY_ROOT:
        raise InvalidProofError("the root of an empty tree is the hash of nothing, and this one differs")
    if any(len(digest) != HASH_BYTES for digest in (head.root, *hashes)):
        raise InvalidProofError(f"every hash of a proof has {HASH_BYTES} bytes")
