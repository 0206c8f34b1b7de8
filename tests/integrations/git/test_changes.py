from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Query, digest_of
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Change
from auditwright.integrations.git import INTEGRATION
from auditwright.integrations.git.changes import FIELDS, SILENT, normalize
from tests.integrations.git.repositories import ADA, BOB, EVE, GITHUB, Repository, changes, git, target

ada, bob, eve = "ada@acme.example", "bob@acme.example", "eve@acme.example"

REVIEWED = "Title\n\nReviewed-by: " + BOB + "\n"


def saved(body: bytes) -> Evidence:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    scope = target(Path(), "code").scope
    return Evidence(
        stream=INTEGRATION.streams[0].id,
        scope=scope,
        query=Query(operation="git:log"),
        principal="",
        collected_at=at,
        effective_at=at,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def read(body: bytes) -> list[Change]:
    return list(normalize([saved(body)], []))


def test_each_first_parent_commit_is_a_change_newest_first(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    first = code.commit(REVIEWED)
    second = code.commit("Add a thing\n\nWhy.\n", first, committer=GITHUB, seconds=1_750_000_100)
    code.main(second)
    found = changes(tmp_path)
    assert [change.commit for change in found] == [second, first]
    assert found[0] == Change(
        id=found[0].id,
        name=f"{second[:12]} Add a thing",
        scope=found[0].scope,
        evidence=found[0].evidence,
        repository="code",
        commit=second,
        title="Add a thing",
        author=ada,
        merged_by="noreply@github.com",
        merged_at=datetime.fromtimestamp(1_750_000_100, UTC),
        is_merge=False,
        contributors=(ada,),
        reviewers=(),
    )
    assert found[0].id == f"change:code@{second}"


@pytest.mark.parametrize(
    ("trailers", "reviewers", "contributors"),
    [
        (f"Reviewed-by: {BOB}", (bob,), (ada,)),
        (f"reviewed-by: {BOB} (on Tuesday)", (bob,), (ada,)),
        (f"Acked-by: {BOB}\nApproved-by: {EVE}", (bob, eve), (ada,)),
        (f"Reviewed-by: {BOB}, {EVE}", (bob, eve), (ada,)),
        ("Reviewed-by: BOB@ACME.EXAMPLE", (bob,), (ada,)),
        ("Reviewed-by: Lovelace, Bob <bob@acme.example>", (bob,), (ada,)),
        (f"Co-authored-by: {EVE}\nReviewed-by: {BOB}", (bob,), (ada, eve)),
        (f"Reviewed-by: {ADA}", (ada,), (ada,)),
        ("Reviewed-by: ada lovelace <ada@home.example>", (ada,), (ada,)),
        (f"Signed-off-by: {BOB}", (), (ada,)),
        ("Reviewed-by: dependabot[bot] <1+dependabot[bot]@users.noreply.github.com>", (), (ada,)),
        (f"Nothing: here\n\nReviewed-by {BOB}", (), (ada,)),
        ("Reviewed-by:", (), (ada,)),
    ],
)
def test_trailers_name_reviewers_and_contributors(
    tmp_path: Path, trailers: str, reviewers: tuple[str, ...], contributors: tuple[str, ...]
) -> None:
    code = Repository.new(tmp_path / "code")
    code.main(code.commit(f"Title\n\n{trailers}\n", code.commit(REVIEWED)))
    change = changes(tmp_path)[0]
    assert (change.reviewers, change.contributors) == (reviewers, contributors)


def test_a_reviewer_without_an_address_is_found_by_name_or_unknown(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    by_bob = code.commit(REVIEWED.replace(BOB, EVE), by=BOB)
    by_name = code.commit("Title\n\nReviewed-by: bob\n", by_bob)
    own = code.commit("Title\n\nReviewed-by: Ada Lovelace\n", by_name)
    code.main(code.commit("Title\n\nReviewed-by: @somebody\n", own))
    last, self_review, named, _ = changes(tmp_path)
    assert (self_review.reviewers, named.reviewers) == ((ada,), (bob,))
    assert isinstance(last.reviewers, Unknown)
    assert "@somebody" in last.reviewers.why


def merged(
    code: Repository, *, by: str, message: str = "Merge\n", authors: tuple[str, ...] = (ADA,)
) -> Change:
    """A branch with a commit of each author, merged into main by somebody."""
    base = code.commit(REVIEWED)
    tip = base
    for author in authors:
        tip = code.commit("Part\n", tip, by=author)
    code.main(code.commit(message, base, tip, by=by))
    return changes(code.folder.parent)[0]


def test_a_merge_by_somebody_else_is_a_review(tmp_path: Path) -> None:
    change = merged(Repository.new(tmp_path / "code"), by=BOB, authors=(ADA, EVE))
    assert (change.is_merge, change.merged_by) == (True, bob)
    assert (change.contributors, change.reviewers, change.author) == ((ada, eve), (bob,), bob)


def test_a_merge_with_one_author_has_that_author(tmp_path: Path) -> None:
    change = merged(Repository.new(tmp_path / "code"), by=BOB, authors=(ADA, ADA))
    assert (change.author, change.contributors) == (ada, (ada,))


@pytest.mark.parametrize(
    "by",
    [
        ADA,
        "Ada Lovelace <ada@home.example>",
        "A. L. <ADA@acme.example>",
        GITHUB,
        "merge[bot] <bot@acme.example>",
        "Mallory <>",
    ],
)
def test_a_merge_that_shows_nobody_else_is_no_review(tmp_path: Path, by: str) -> None:
    assert merged(Repository.new(tmp_path / "code"), by=by).reviewers == ()


def test_a_merge_by_one_of_several_authors_is_no_review(tmp_path: Path) -> None:
    assert merged(Repository.new(tmp_path / "code"), by=EVE, authors=(ADA, EVE)).reviewers == ()


def test_a_coauthor_named_by_the_merge_itself_is_a_contributor(tmp_path: Path) -> None:
    change = merged(Repository.new(tmp_path / "code"), by=BOB, message=f"Merge\n\nCo-authored-by: {BOB}\n")
    assert (change.contributors, change.reviewers) == ((ada, bob), ())


def test_reviews_of_merged_commits_count_only_where_every_commit_has_one(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    base = code.commit("First\n", by=EVE)
    whole = code.commit(REVIEWED, code.commit(REVIEWED, base))
    merged_whole = code.commit("Merge\n", base, whole, by=ADA)
    part = code.commit("Not reviewed\n", code.commit(REVIEWED, merged_whole))
    code.main(code.commit("Merge\n", merged_whole, part, by=ADA))
    assert [change.reviewers for change in changes(tmp_path)] == [(), (bob,), ()]


def test_a_merge_of_what_was_merged_before_has_its_author_as_contributor(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    base = code.commit(REVIEWED)
    older = code.commit("Part\n", base)
    first = code.commit("Merge\n", base, older, by=BOB)
    code.main(code.commit("Merge again\n", first, older, by=BOB))
    again, once, _ = changes(tmp_path)
    assert (once.contributors, once.reviewers) == ((ada,), (bob,))
    assert (again.contributors, again.reviewers) == ((bob,), ())


def test_a_history_without_any_review_leaves_reviewers_unknown_for_every_change(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    base = code.commit("First\n")
    side = code.commit("Part\n", base)
    code.main(code.commit("Merge\n", base, side, by=ADA, committer=GITHUB))
    assert [change.reviewers for change in changes(tmp_path)] == [SILENT, SILENT]


def test_text_that_is_hostile_or_not_utf_8_is_read_as_text(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    first = code.commit(b"Caf\xe9 <script>\x1f=1+1\n\nReviewed-by: \x1f" + BOB.encode() + b"\n")
    code.main(code.commit("x" * 5_000 + "\n", first, by="Ädä <ada@acme.example>"))
    long, odd = changes(tmp_path)
    assert len(long.title) == 300
    assert odd.title.startswith("Caf")
    assert "<script>" in odd.title


def test_the_commits_that_a_change_merged_are_those_that_git_lists(tmp_path: Path) -> None:
    code = Repository.new(tmp_path / "code")
    root = code.commit(REVIEWED)
    a = code.commit("a\n", root, by="A <a@x>")
    b = code.commit("b\n", root, by="B <b@x>")
    a_and_b = code.commit("Merge b\n", a, b, by="A <a@x>")
    one = code.commit("Merge\n", root, a_and_b, by=BOB)
    c = code.commit("c\n", b, by="C <c@x>")
    d = code.commit("d\n", root, by="D <d@x>")
    octopus = code.commit("Octopus\n", one, c, d, by=BOB)
    code.main(octopus)
    for change in changes(tmp_path)[:2]:
        listed = git(code.folder, "log", "--format=%ae", f"{change.commit}^1..{change.commit}")
        assert change.contributors == tuple(sorted(set(listed.split()) - {bob}))


# --- properties over any history: evidence is written as git would write it


def record(name: int, parents: tuple[int, ...], people: str, trailers: str = "") -> bytes:
    """One commit; `people` are the letters of its author and its committer."""
    author, committer = people[0], people[1]
    ids = " ".join(f"{parent:040x}" for parent in parents)
    fields = (f"{name:040x}", ids, "", f"{author}@x", "", f"{committer}@x", "1750000000", "t", trailers)
    assert len(fields) == len(FIELDS)
    return "".join(f"{field}\0" for field in fields).encode()


def letter(number: int) -> str:
    return chr(ord("a") + number)


@st.composite
def histories(draw: st.DrawFn) -> dict[int, tuple[int, ...]]:
    """Commits by number with their parents, which have smaller numbers; the last one is the tip."""
    size = draw(st.integers(1, 14))
    return {
        number: tuple(draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3))) if number else ()
        for number in range(size)
    }


def ancestors(history: dict[int, tuple[int, ...]], number: int) -> set[int]:
    return {number}.union(*(ancestors(history, parent) for parent in history[number]))


def brought(history: dict[int, tuple[int, ...]], number: int) -> set[int]:
    """The plain meaning of "merged by this change", as a reference."""
    before = ancestors(history, history[number][0]) if history[number] else set[int]()
    return ancestors(history, number) - {number} - before


@given(histories())
def test_a_change_holds_what_its_other_parents_brought_in(history: dict[int, tuple[int, ...]]) -> None:
    tip = max(history)
    order = sorted(ancestors(history, tip), reverse=True)
    body = b"".join(record(number, history[number], f"{letter(number)}z") for number in order)
    for change in read(body):
        number = int(change.commit, 16)
        parts = brought(history, number) or {number}
        assert set(change.contributors) == {f"{letter(part)}@x" for part in parts}
        assert change.is_merge == (len(history[number]) > 1)


@given(histories(), st.data())
def test_no_reviewer_is_invented(history: dict[int, tuple[int, ...]], data: st.DataObject) -> None:
    people = st.text("abc", min_size=2, max_size=2)
    order = sorted(ancestors(history, max(history)), reverse=True)
    named = {
        number: data.draw(st.sampled_from(["", "Reviewed-by: <d@x>", "Reviewed-by: <a@x>"]))
        for number in order
    }
    body = b"".join(record(number, history[number], data.draw(people), named[number]) for number in order)
    found = read(body)
    assert all(change.reviewers is SILENT for change in found) or all(
        isinstance(change.reviewers, tuple) for change in found
    )
    for change in found:
        if isinstance(change.reviewers, tuple):
            number = int(change.commit, 16)
            recorded = {named[part][-4:-1] for part in {number} | brought(history, number) if named[part]}
            merger = {change.merged_by} if change.is_merge else set[str]()
            assert set(change.reviewers) <= recorded | merger


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "ends within a commit"),
        (b"\0", "ends within a commit: 1 fields, where every commit has 9"),
        (record(1, (), "aa")[:-1], "ends within a commit"),
        (record(1, (), "aa").replace(b"0001", b"000x"), "'0+x' is no commit's id"),
        (record(1, (), "aa").replace(b"1750000000", b"soon"), "'soon' is no time"),
        (record(1, (), "aa").replace(b"1750000000", b"999999999999"), "is no time"),
        (record(1, (), "aa").replace(b"1750000000", b"-1"), "is no time"),
        (record(1, (2,), "aa") + record(2, (1,), "aa"), "its own ancestor"),
    ],
)
def test_a_log_that_git_did_not_write_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=said):
        read(body)


@given(st.binary(max_size=200))
def test_any_bytes_give_changes_or_say_what_is_wrong(body: bytes) -> None:
    for start in (b"", record(1, (), "aa")):
        with suppress(MalformedEvidenceError):
            assert read(start + body)
