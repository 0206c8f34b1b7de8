import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.log import leaf_hash
from auditwright.sign import merkle
from auditwright.sign.merkle import Frontier, InvalidProofError, TreeHead
from tests.reference import merkle as rfc

# The eight leaves that implementations of RFC 6962 share as a test vector, and the roots of the trees over the first n.
VECTOR_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class MemoryReader:
    """A store of hashes that counts what is read from it."""

    def __init__(self, hashes: Sequence[bytes] = (), *, keeps_growing_tiles: bool = False) -> None:
        self.hashes: list[bytes] = []
        self.tiles: dict[tuple[int, int], Sequence[bytes]] = {}
        self.reads: list[tuple[int, int]] = []
        self.keeps_growing_tiles = keeps_growing_tiles
        self.grow(hashes)

    def grow(self, hashes: Sequence[bytes]) -> None:
        old = len(self.hashes)
        self.hashes.extend(hashes)
        for level, index, tile in merkle.new_tiles(self, old, len(self.hashes)):
            assert self.tiles.get((level, index), tile)[:1] == tile[:1]
            self.tiles[level, index] = tile
        if self.keeps_growing_tiles:
            for level, index, tile in merkle.growing_tiles(self, old, len(self.hashes)):
                self.tiles[level, index] = tile
        self.reads.clear()

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        self.reads.append((0, start // 256))
        assert stop - start <= 256
        return self.hashes[start:stop]

    def tile(self, level: int, index: int) -> Sequence[bytes] | None:
        self.reads.append((level, index))
        return self.tiles.get((level, index))


def hashes_of(count: int) -> list[bytes]:
    return [hashlib.sha256(b"leaf %d" % number).digest() for number in range(count)]


MANY = hashes_of(3000)
FEW = hashes_of(40)
READER = MemoryReader(MANY)

sizes = st.integers(1, len(MANY))


def head(size: int, hashes: Sequence[bytes] = MANY) -> TreeHead:
    return TreeHead(size=size, root=merkle.root_of(hashes[:size]))


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_shared_vector_are_known(size: int) -> None:
    hashes = [leaf_hash(leaf) for leaf in VECTOR_LEAVES[:size]]
    assert merkle.root_of(hashes).hex() == VECTOR_ROOTS[size]
    assert rfc.mth(hashes).hex() == VECTOR_ROOTS[size]


def test_every_proof_of_every_small_tree_is_the_one_of_the_rfc_and_verifies() -> None:
    for size in range(1, len(FEW) + 1):
        leaves = FEW[:size]
        reader = MemoryReader(leaves)
        tree = TreeHead(size=size, root=rfc.mth(leaves))
        assert merkle.tree_root(reader, size) == tree.root
        for index in range(size):
            path = merkle.inclusion_proof(reader, index, size)
            assert list(path) == rfc.path(index, leaves)
            merkle.verify_inclusion(leaves[index], index, path, tree)
        for old in range(1, size + 1):
            path = merkle.consistency_proof(reader, old, size)
            assert list(path) == rfc.proof(old, leaves)
            merkle.verify_consistency(TreeHead(size=old, root=rfc.mth(leaves[:old])), tree, path)


@settings(deadline=None)
@given(size=sizes, data=st.data())
def test_any_leaf_of_any_tree_is_proved_from_tiles(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(READER, index, size)
    assert list(path) == rfc.path(index, MANY[:size])
    merkle.verify_inclusion(MANY[index], index, path, head(size))


@settings(deadline=None)
@given(a=sizes, b=sizes)
def test_any_two_sizes_are_proved_consistent(a: int, b: int) -> None:
    old, new = sorted((a, b))
    path = merkle.consistency_proof(READER, old, new)
    assert list(path) == rfc.proof(old, MANY[:new])
    merkle.verify_consistency(head(old), head(new), path)


@settings(deadline=None)
@given(size=st.integers(0, len(MANY)))
def test_a_frontier_has_the_root_of_the_naive_tree_and_can_be_read_from_tiles(size: int) -> None:
    frontier = Frontier()
    frontier.extend(MANY[:size])
    assert (frontier.size, frontier.root()) == (size, rfc.mth(MANY[:size]))
    assert frontier.hashes == merkle.frontier_at(READER, size).hashes
    assert len(frontier.hashes) == size.bit_count()


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 600), max_size=6))
def test_ranges_hashed_apart_join_into_the_same_tree(cuts: list[int]) -> None:
    whole = Frontier()
    for start, stop in pairwise(sorted({0, 600, *cuts})):
        part = Frontier(start)
        part.extend(MANY[start:stop])
        taken_up = Frontier(start, stop, part.hashes)
        assert taken_up.hashes == part.hashes
        whole.merge(taken_up)
        assert whole.root() == merkle.root_of(MANY[:stop])


@settings(deadline=None)
@given(start=st.integers(0, 5000), length=st.integers(0, 5000))
def test_subtree_levels_cover_a_range_with_aligned_subtrees(start: int, length: int) -> None:
    position = start
    for level in merkle.subtree_levels(start, start + length):
        assert position % (1 << level) == 0
        position += 1 << level
    assert position == start + length


def test_a_frontier_refuses_the_wrong_number_of_hashes_and_gaps_between_ranges() -> None:
    with pytest.raises(ValueError, match="needs 2 hashes"):
        Frontier(0, 3, FEW[:1])
    with pytest.raises(ValueError, match="needs 1 hashes of 32 bytes"):
        Frontier(0, 4, [b"short"])
    with pytest.raises(ValueError, match="cannot be"):
        Frontier(5, 4)
    part = Frontier(3)
    part.append(FEW[3])
    with pytest.raises(ValueError, match="has no root"):
        part.root()
    with pytest.raises(ValueError, match="does not follow"):
        Frontier().merge(part)


def test_a_copied_frontier_grows_apart() -> None:
    first = Frontier()
    first.extend(FEW[:5])
    second = first.copy()
    second.append(FEW[5])
    assert first.root() == rfc.mth(FEW[:5])
    assert second.root() == rfc.mth(FEW[:6])


@settings(deadline=None)
@given(steps=st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_tiles_are_the_roots_of_256_leaf_subtrees_however_the_log_grew(steps: list[int]) -> None:
    reader = MemoryReader(keeps_growing_tiles=True)
    for step in steps:
        reader.grow(MANY[len(reader.hashes) :][:step])
    tiles = len(reader.hashes) // 256
    assert set(reader.tiles) == ({(1, 0)} if tiles else set())
    if tiles:
        assert list(reader.tiles[1, 0]) == [rfc.mth(MANY[i * 256 : i * 256 + 256]) for i in range(tiles)]


class RepeatingReader:
    """A log of a million equal leaves, so that every subtree hash of a level is one value."""

    SIZE = 1_000_000

    def __init__(self, *, growing: bool) -> None:
        self.rows = [hashlib.sha256(b"x").digest()]
        for _ in range(20):
            self.rows.append(merkle.node_hash(self.rows[-1], self.rows[-1]))
        self.growing = growing
        self.reads = 0

    def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
        self.reads += 1
        return [self.rows[0]] * (stop - start)

    def tile(self, level: int, index: int) -> Sequence[bytes] | None:
        self.reads += 1
        width = min(256, (self.SIZE >> 8 * level) - index * 256)
        return [self.rows[8 * level]] * width if self.growing or width == 256 else None


@pytest.mark.parametrize("index", [0, 499_999, 700_001, 999_999])
def test_a_proof_in_a_million_leaves_reads_a_handful_of_tiles(index: int) -> None:
    reader = RepeatingReader(growing=True)
    path = merkle.inclusion_proof(reader, index, reader.SIZE)
    assert len(path) <= 20
    assert reader.reads <= 6
    reader.reads = 0
    merkle.consistency_proof(reader, index + 1, reader.SIZE)
    assert reader.reads <= 8


def test_a_proof_without_growing_tiles_is_the_same_and_reads_only_the_edge() -> None:
    with_growing, without = RepeatingReader(growing=True), RepeatingReader(growing=False)
    size = RepeatingReader.SIZE
    assert merkle.inclusion_proof(with_growing, 5, size) == merkle.inclusion_proof(without, 5, size)
    assert without.reads <= 2 * 256


def test_a_million_leaf_log_completes_fifteen_tiles() -> None:
    reader = RepeatingReader(growing=False)
    assert [(level, index) for level, index, _ in merkle.new_tiles(reader, 0, 2 * 65_536 + 7)] == [
        (1, 0),
        (1, 1),
    ]
    assert list(merkle.new_tiles(reader, 65_536, 65_600)) == []
    assert [index for _, index, _ in merkle.new_tiles(reader, 65_535, 65_536)] == [0]


def test_a_store_that_gives_too_few_hashes_is_an_error_and_not_a_proof() -> None:
    class Short(MemoryReader):
        def leaf_hashes(self, start: int, stop: int) -> Sequence[bytes]:
            return super().leaf_hashes(start, stop)[:-1]

    reader = Short()
    reader.hashes = FEW
    with pytest.raises(LookupError, match="repair the store"):
        merkle.inclusion_proof(reader, 0, 10)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0), (0, -1), (0, 1 << 63)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"leaf|leaves"):
        merkle.inclusion_proof(READER, index, size)


def test_no_consistency_proof_is_made_backwards() -> None:
    with pytest.raises(ValueError, match="cannot have grown"):
        merkle.consistency_proof(READER, 6, 5)
    assert merkle.consistency_proof(READER, 0, 5) == ()


def test_growth_from_nothing_is_consistent_only_with_the_empty_root() -> None:
    merkle.verify_consistency(TreeHead(size=0, root=merkle.EMPTY_ROOT), head(5), ())
    with pytest.raises(InvalidProofError):
        merkle.verify_consistency(TreeHead(size=0, root=FEW[0]), head(5), ())
    with pytest.raises(InvalidProofError):
        merkle.verify_consistency(TreeHead(size=0, root=merkle.EMPTY_ROOT), head(5), FEW[:1])
    with pytest.raises(InvalidProofError, match="cannot have grown"):
        merkle.verify_consistency(head(6), head(5), ())
    with pytest.raises(InvalidProofError, match="do not fit"):
        merkle.verify_consistency(head(5), replace(head(6), size=5), ())
    with pytest.raises(InvalidProofError, match="is empty"):
        merkle.verify_consistency(head(5), head(6), ())


@pytest.mark.parametrize("size", [-1, 1 << 63, 1 << 200, True])
def test_absurd_sizes_are_refused_before_any_hashing(size: int) -> None:
    with pytest.raises(InvalidProofError):
        merkle.verify_inclusion(FEW[0], 0, (), TreeHead(size=size, root=FEW[0] if size != 1 else FEW[1]))
    with pytest.raises(InvalidProofError):
        merkle.verify_consistency(TreeHead(size=size, root=FEW[0]), head(5), ())


Rejects = Callable[[], None]


def is_accepted(check: Rejects) -> bool:
    try:
        check()
    except InvalidProofError:
        return False
    return True


def mutated_hash(digest: bytes, rng: random.Random) -> bytes:
    match rng.randrange(4):
        case 0:
            return digest[:-1]
        case 1:
            return digest + b"\0"
        case _:
            place = rng.randrange(len(digest))
            return digest[:place] + bytes([digest[place] ^ (1 << rng.randrange(8))]) + digest[place + 1 :]


def mutated_path(path: Sequence[bytes], rng: random.Random) -> list[bytes]:
    changed = list(path)
    match rng.randrange(5) if changed else 0:
        case 0:
            changed.insert(rng.randrange(len(changed) + 1), rng.choice(FEW))
        case 1:
            changed.pop(rng.randrange(len(changed)))
        case 2:
            rng.shuffle(changed)
        case 3:
            changed = changed + changed[-1:]
        case _:
            place = rng.randrange(len(changed))
            changed[place] = mutated_hash(changed[place], rng)
    return changed


def test_no_mutated_inclusion_proof_is_accepted() -> None:
    rng = random.Random(1)  # noqa: S311  # a repeatable attack, not a secret
    reader = MemoryReader(FEW)
    heads = [head(size, FEW) for size in range(len(FEW) + 1)]
    tried = 0
    while tried < 20_000:
        size = rng.randrange(1, len(FEW) + 1)
        index = rng.randrange(size)
        leaf, tree, path = FEW[index], heads[size], merkle.inclusion_proof(reader, index, size)
        claim = (leaf, index, list(path), tree)
        for _ in range(10):
            forged: tuple[bytes, int, list[bytes], TreeHead]
            match rng.randrange(5):
                case 0:
                    forged = (rng.choice(FEW), index, list(path), tree)
                case 1:
                    forged = (leaf, rng.randrange(-1, size + 2), list(path), tree)
                case 2:
                    forged = (leaf, index, mutated_path(path, rng), tree)
                case 3:
                    forged = (leaf, index, list(path), rng.choice(heads))
                case _:
                    forged = (leaf, index, list(path), replace(tree, root=mutated_hash(tree.root, rng)))
            if forged == claim:
                continue
            tried += 1
            assert not is_accepted(partial(merkle.verify_inclusion, *forged)), forged


def test_no_mutated_consistency_proof_is_accepted() -> None:
    rng = random.Random(2)  # noqa: S311  # as above
    reader = MemoryReader(FEW)
    heads = [head(size, FEW) for size in range(len(FEW) + 1)]
    tried = 0
    while tried < 20_000:
        old, new = sorted(rng.sample(range(1, len(FEW) + 1), 2))
        path = merkle.consistency_proof(reader, old, new)
        claim = (heads[old], heads[new], list(path))
        for _ in range(10):
            forged: tuple[TreeHead, TreeHead, list[bytes]]
            match rng.randrange(5):
                case 0:
                    forged = (
                        replace(heads[old], root=mutated_hash(heads[old].root, rng)),
                        heads[new],
                        list(path),
                    )
                case 1:
                    forged = (heads[old], replace(heads[new], root=rng.choice(heads).root), list(path))
                case 2:
                    forged = (heads[old], heads[new], mutated_path(path, rng))
                case 3:
                    forged = (rng.choice(heads[1:]), heads[new], list(path))
                case _:
                    forged = (replace(heads[old], size=rng.randrange(1, new + 2)), heads[new], list(path))
            if forged == claim or forged[0] == forged[1]:
                continue
            tried += 1
            assert not is_accepted(partial(merkle.verify_consistency, *forged)), forged
