from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from auditwright.core.evidence import Gap, GapReason, Scope, digest_of
from auditwright.core.ids import IntegrationId, ResourceId, RunId, StreamId, TestId
from auditwright.core.outcome import (
    Conclusion,
    Deviation,
    NotApplicable,
    Observation,
    Outcome,
    Result,
    Satisfied,
    Undetermined,
    Unknown,
)
from auditwright.core.ports import Inventory, Named, QueryError, Snapshot, StoreError
from auditwright.core.question import AnyOf, Before, Condition, Either, Holds, Is, Question, Since
from auditwright.core.resources import (
    FirewallRule,
    Person,
    PublicAccessBlock,
    SecurityGroup,
    StorageBucket,
    UserAccount,
    kinds,
)
from auditwright.store.inventory import FolderInventory
from auditwright.store.memory_inventory import MemoryInventory

AWS = Scope(source=IntegrationId("aws"), account="111122223333")
EU = replace(AWS, region="eu-central-1")
US = replace(AWS, region="us-east-1")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEST = TestId("identity.mfa-enrolled")


@pytest.fixture(scope="module", params=["memory", "folder"])
def one_user(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """An inventory that only questions are put to."""
    if request.param == "memory":
        inventory: Inventory = MemoryInventory()
    else:
        inventory = FolderInventory.create(tmp_path_factory.mktemp("one") / "inventory")
    saw(inventory, 0, user("ada"))
    return inventory


@pytest.fixture(params=["memory", "folder"])
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Inventory:
    return MemoryInventory() if request.param == "memory" else FolderInventory.create(tmp_path / "inventory")


def user(
    name: str, *, mfa: bool | Unknown = True, scope: Scope = AWS, evidence: bytes = b"{}"
) -> UserAccount:
    return UserAccount(
        id=ResourceId(f"user:{name}"),
        name=name,
        scope=scope,
        evidence=(digest_of(evidence),),
        system="aws",
        active=True,
        created_at=NOON - 300 * DAY,
        console_access=True,
        mfa_enrolled=mfa,
        last_used_at=None,
        password_last_used_at=Unknown("no report"),
        password_set_at=NOON - 200 * DAY,
        attached_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess",),
        inline_policies=(),
        groups=Unknown("AccessDenied: iam:ListGroupsForUser"),
        tags=(("team", "it's"), ("", "")),
    )


def saw(  # noqa: PLR0913  # tests read as one line a day
    inventory: Inventory,
    day: int,
    *users: UserAccount,
    run: str = "",
    complete: bool = True,
    scope: Scope = AWS,
) -> None:
    snapshot = Snapshot(kind=UserAccount, scope=scope, items=users, complete=complete)
    inventory.record(RunId(run or f"run-{day}"), NOON + day * DAY, [snapshot])


def names(inventory: Inventory, day: int | None = None) -> list[str]:
    as_of = None if day is None else NOON + day * DAY
    return [item.name for item in inventory.resources(UserAccount, as_of=as_of)]


def test_resources_come_back_as_they_were_by_id(inventory: Inventory) -> None:
    kept = [user("b"), user("a", mfa=False), user("C", mfa=Unknown("not shown"))]
    saw(inventory, 0, *kept)
    assert list(inventory.resources(UserAccount)) == [kept[2], kept[1], kept[0]]


def test_nested_values_come_back_as_they_were(inventory: Inventory) -> None:
    rule = FirewallRule(inbound=True, protocol="tcp", from_port=22, to_port=22, peer="0.0.0.0/0")
    group = SecurityGroup(
        id=ResourceId("sg-1"),
        name="ssh",
        scope=EU,
        evidence=(),
        network="vpc-1",
        is_default=False,
        rules=(rule, rule),
    )
    block = PublicAccessBlock(
        block_public_acls=True,
        ignore_public_acls=False,
        block_public_policy=True,
        restrict_public_buckets=False,
    )
    bucket = StorageBucket(
        id=ResourceId("bucket"),
        name="bucket",
        scope=AWS,
        evidence=(),
        region="eu-west-1",
        block=block,
        public_by_policy=False,
        public_by_acl=Unknown("AccessDenied"),
        tls_only=True,
        policy=None,
        tags=(),
    )
    bare = replace(bucket, id=ResourceId("bare"), block=None, region=Unknown("no answer"))
    hidden = replace(bucket, id=ResourceId("hidden"), block=Unknown("AccessDenied"))
    inventory.record(
        RunId("r"),
        NOON,
        [
            Snapshot(kind=SecurityGroup, scope=EU, items=[group], complete=True),
            Snapshot(kind=StorageBucket, scope=AWS, items=[bucket, bare, hidden], complete=True),
        ],
    )
    assert list(inventory.resources(SecurityGroup)) == [group]
    assert list(inventory.resources(StorageBucket)) == [bare, bucket, hidden]


def test_a_kind_that_was_never_collected_is_empty(inventory: Inventory) -> None:
    assert list(inventory.resources(Person)) == []
    assert list(inventory.history(Person, ResourceId("person:ada"))) == []
    assert list(inventory.resources(Person, as_of=NOON)) == []


def test_every_day_keeps_the_state_that_was_known_on_it(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"), user("bob"))
    saw(inventory, 2, user("ada", mfa=False), user("bob"), user("cyd"))
    saw(inventory, 4, user("ada", mfa=False), user("cyd"))
    assert [names(inventory, day) for day in (-1, 0, 1, 2, 3, 4)] == [
        [],
        ["ada", "bob"],
        ["ada", "bob"],
        ["ada", "bob", "cyd"],
        ["ada", "bob", "cyd"],
        ["ada", "cyd"],
    ]
    assert [
        (at, item.mfa_enrolled if isinstance(item, UserAccount) else None)
        for at, item in inventory.history(UserAccount, ResourceId("user:ada"))
    ] == [
        (NOON, True),
        (NOON + 2 * DAY, False),
    ]
    assert list(inventory.history(UserAccount, ResourceId("user:bob"))) == [
        (NOON, user("bob")),
        (NOON + 4 * DAY, None),
    ]


def test_what_comes_back_has_a_history_with_a_hole(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"))
    saw(inventory, 1)
    saw(inventory, 2)
    saw(inventory, 3, user("ada"))
    history = inventory.history(UserAccount, ResourceId("user:ada"))
    assert list(history) == [(NOON, user("ada")), (NOON + DAY, None), (NOON + 3 * DAY, user("ada"))]


def test_an_incomplete_snapshot_takes_nothing_away(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"), user("bob"))
    saw(inventory, 1, user("bob", mfa=False), complete=False)
    assert [(item.name, item.mfa_enrolled) for item in inventory.resources(UserAccount)] == [
        ("ada", True),
        ("bob", False),
    ]


def test_a_snapshot_speaks_for_its_own_scope_and_kind_alone(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", scope=EU), scope=EU)
    saw(inventory, 0, user("bob", scope=US), scope=US)
    saw(inventory, 1, scope=US)
    assert names(inventory) == ["ada"]
    inventory.record(
        RunId("run-2"), NOON + 2 * DAY, [Snapshot(kind=Person, scope=EU, items=[], complete=True)]
    )
    assert names(inventory) == ["ada"]


def test_two_snapshots_of_one_scope_are_complete_only_together(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"), user("bob"))
    parts = [
        Snapshot(kind=UserAccount, scope=AWS, items=[user("ada")], complete=True),
        Snapshot(kind=UserAccount, scope=AWS, items=[], complete=False),
    ]
    inventory.record(RunId("run-1"), NOON + DAY, parts)
    inventory.record(RunId("run-1b"), NOON + DAY, parts[::-1])
    assert names(inventory) == ["ada", "bob"]
    inventory.record(RunId("run-2"), NOON + 2 * DAY, [replace(part, complete=True) for part in parts])
    assert names(inventory) == ["ada"]


def test_an_item_that_moves_to_another_scope_is_not_gone(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", scope=EU), scope=EU)
    moved = [
        Snapshot(kind=UserAccount, scope=US, items=[user("ada", scope=US)], complete=True),
        Snapshot(kind=UserAccount, scope=EU, items=[], complete=True),
    ]
    inventory.record(RunId("run-1"), NOON + DAY, moved)
    assert [item.scope for item in inventory.resources(UserAccount)] == [US]


def test_of_an_item_that_was_seen_twice_the_last_counts(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", mfa=False), user("ada", mfa=True))
    saw(inventory, 1, user("ada", mfa=False), user("ada", mfa=True))
    assert list(inventory.history(UserAccount, ResourceId("user:ada"))) == [(NOON, user("ada"))]


def test_new_evidence_of_the_same_facts_is_no_change(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", evidence=b"first"))
    saw(inventory, 1, user("ada", evidence=b"second"))
    assert list(inventory.history(UserAccount, ResourceId("user:ada"))) == [
        (NOON, user("ada", evidence=b"first"))
    ]


def test_the_same_run_again_changes_nothing(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"), user("bob"), run="run-0")
    saw(inventory, 0, user("ada"), user("bob"), run="run-0")
    saw(inventory, 0, user("eve"), run="run-0")
    saw(inventory, 0, run="run-0")
    assert names(inventory) == ["ada", "bob"]
    assert len(inventory.history(UserAccount, ResourceId("user:ada"))) == 1


def test_the_same_run_can_bring_another_scope_and_another_kind(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", scope=EU), run="run-0", scope=EU)
    saw(inventory, 0, user("bob", scope=US), run="run-0", scope=US)
    assert names(inventory) == ["ada", "bob"]


def test_a_run_that_comes_late_does_not_overwrite_what_a_later_one_saw(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"))
    saw(inventory, 4, user("ada"))
    saw(inventory, 2, user("ada", mfa=False), user("eve"))
    saw(inventory, 1)
    assert list(inventory.history(UserAccount, ResourceId("user:ada"))) == [(NOON, user("ada"))]
    assert names(inventory) == ["ada"]


def test_what_another_scope_said_earlier_does_not_overwrite_what_is_known_since(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", scope=EU), scope=EU)
    saw(inventory, 4, user("ada", mfa=False, scope=EU), scope=EU)
    saw(inventory, 2, user("ada", scope=US), run="late", scope=US)
    assert [(item.scope, item.mfa_enrolled) for item in inventory.resources(UserAccount)] == [(EU, False)]
    assert [at for at, _ in inventory.history(UserAccount, ResourceId("user:ada"))] == [NOON, NOON + 4 * DAY]


def test_a_scope_that_is_seen_late_does_not_take_away_what_moved_into_it_since(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", scope=EU), scope=EU)
    moved = Snapshot(kind=UserAccount, scope=US, items=[user("ada", scope=US)], complete=False)
    inventory.record(RunId("run-4"), NOON + 4 * DAY, [moved])
    saw(inventory, 2, run="late", scope=EU)
    assert [item.scope for item in inventory.resources(UserAccount)] == [US]


def test_of_two_runs_at_the_same_time_the_second_counts(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", mfa=False), run="a")
    saw(inventory, 0, user("ada", mfa=True), run="b")
    assert list(inventory.history(UserAccount, ResourceId("user:ada"))) == [(NOON, user("ada"))]
    assert names(inventory, 0) == ["ada"]


def test_times_in_another_zone_are_the_same_times(inventory: Inventory) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    snapshot = Snapshot(kind=UserAccount, scope=AWS, items=[user("ada")], complete=True)
    inventory.record(RunId("run-0"), NOON.astimezone(zone), [snapshot])
    assert names(inventory, 0) == ["ada"]
    assert (
        list(inventory.resources(UserAccount, as_of=(NOON - timedelta(microseconds=1)).astimezone(zone)))
        == []
    )
    assert inventory.history(UserAccount, ResourceId("user:ada"))[0][0] == NOON


def test_an_item_of_another_scope_than_its_snapshot_is_refused(inventory: Inventory) -> None:
    """It would never be seen to go."""
    with pytest.raises(StoreError, match="the scope that was asked"):
        saw(inventory, 0, user("ada", scope=EU), scope=US)
    assert names(inventory) == []


# Observations


def result(*seen: tuple[str, Outcome], test: TestId = TEST, hides_items: bool | None = None) -> Result:
    gap = Gap(
        stream=StreamId("aws.iam"),
        scope=AWS,
        operation="iam:ListUsers",
        reason=GapReason.REFUSED,
        detail="AccessDenied",
        remedy="Grant it",
        hides_items=bool(hides_items),
        at=NOON,
    )
    observations = tuple(
        Observation(
            item=ResourceId(item),
            name=item.upper(),
            account="111122223333",
            region="",
            outcome=outcome,
            evidence=(digest_of(item.encode()),),
        )
        for item, outcome in seen
    )
    return Result(
        test=test,
        population="user_account",
        concluded_at=NOON,
        conclusion=Conclusion.INCONCLUSIVE,
        observations=observations,
        gaps=() if hides_items is None else (gap,),
    )


def observed(inventory: Inventory, day: int, *results: Result, run: str = "") -> None:
    inventory.observe(RunId(run or f"run-{day}"), NOON + day * DAY, results)


def spans(
    inventory: Inventory, since: float = -9, until: float = 99, test: TestId = TEST
) -> list[tuple[str, float, Outcome | None]]:
    found = inventory.spans(test, since=NOON + since * DAY, until=NOON + until * DAY)
    assert all(span.test == test for span in found)
    return [(span.item, (span.known_from - NOON) / DAY, span.outcome) for span in found]


NO = Deviation("no second factor")
OUTCOMES: Sequence[Outcome] = [
    Satisfied(),
    Satisfied("note"),
    NO,
    NotApplicable("a robot"),
    Undetermined("not shown"),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_comes_back_with_its_words_and_evidence(inventory: Inventory, outcome: Outcome) -> None:
    observed(inventory, 0, result(("ada", outcome)))
    (span,) = inventory.spans(TEST, since=NOON, until=NOON + DAY)
    assert (span.item, span.name, span.account, span.region) == ("ada", "ADA", "111122223333", "")
    assert (span.outcome, span.known_from, span.evidence) == (outcome, NOON, (digest_of(b"ada"),))


def test_only_a_change_of_outcome_begins_a_span(inventory: Inventory) -> None:
    known: list[Outcome] = [Satisfied(), Satisfied(), NO, NO, Undetermined("not shown"), Satisfied()]
    for day, outcome in enumerate(known):
        observed(inventory, day, result(("ada", outcome)))
    assert spans(inventory) == [
        ("ada", 0, Satisfied()),
        ("ada", 2, NO),
        ("ada", 4, Undetermined("not shown")),
        ("ada", 5, Satisfied()),
    ]


def test_an_item_that_left_the_population_has_a_span_without_outcome(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", NO), ("bob", NO)))
    observed(inventory, 1, result(("bob", NO)))
    observed(inventory, 2, result(("bob", NO)))
    assert spans(inventory) == [("ada", 0, NO), ("ada", 1, None), ("bob", 0, NO)]
    gone = inventory.spans(TEST, since=NOON + DAY, until=NOON + 2 * DAY)[0]
    assert (gone.name, gone.account, gone.evidence) == ("ADA", "111122223333", ())


def test_a_gap_that_hides_items_closes_nothing(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", NO)))
    observed(inventory, 1, result(hides_items=True))
    assert spans(inventory) == [("ada", 0, NO)]
    observed(inventory, 2, result(hides_items=False))
    assert spans(inventory) == [("ada", 0, NO), ("ada", 2, None)]


def test_of_two_runs_that_observe_at_the_same_time_the_second_counts(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", NO)), run="a")
    observed(inventory, 0, result(("ada", Satisfied())), run="b")
    assert spans(inventory) == [("ada", 0, Satisfied())]


def test_spans_are_those_in_force_in_the_window(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", Satisfied())))
    observed(inventory, 2, result(("ada", NO)))
    observed(inventory, 4, result(("ada", Satisfied())))
    assert [at for _, at, _ in spans(inventory, 2, 4)] == [2]
    assert [at for _, at, _ in spans(inventory, 1, 4.1)] == [0, 2, 4]
    assert [at for _, at, _ in spans(inventory, 9, 10)] == [4]
    assert spans(inventory, -2, 0) == []
    assert spans(inventory, 3, 3) == []
    assert spans(inventory, 3, 1) == []


def test_tests_do_not_mix(inventory: Inventory) -> None:
    other = TestId("identity.mfa")
    observed(
        inventory, 0, result(("ada", NO)), result(("ada", Satisfied()), ("B", NO), ("a", NO), test=other)
    )
    observed(inventory, 1, result(("ada", NO)))
    assert spans(inventory) == [("ada", 0, NO)]
    assert [item for item, _, _ in spans(inventory, test=other)] == ["B", "a", "ada"]
    assert spans(inventory, test=TestId("never")) == []


def test_observing_again_with_the_same_run_changes_nothing(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", NO)), run="r")
    observed(inventory, 0, result(("ada", Satisfied())), run="r")
    observed(inventory, 3, result(("ada", NO)))
    observed(inventory, 1, result(), run="late")
    assert spans(inventory) == [("ada", 0, NO)]


# Queries


def test_a_query_sees_the_fields_and_why_one_is_unknown(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", mfa=Unknown("AccessDenied")), user("bob"))
    found = inventory.query(
        "SELECT id, name, source, account, region, mfa_enrolled, unknown['mfa_enrolled'], attached_policies, "
        "last_used_at, tags::JSON ->> '$[0][1]' AS tag, len(evidence) AS n FROM user_account ORDER BY name"
    )
    assert found.columns[:5] == ("id", "name", "source", "account", "region")
    policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    assert list(found.rows) == [
        ("user:ada", "ada", "aws", "111122223333", "", None, "AccessDenied", policies, None, "it's", 1),
        ("user:bob", "bob", "aws", "111122223333", "", True, None, policies, None, "it's", 1),
    ]


def test_a_query_sees_a_past_day(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada"))
    saw(inventory, 2)
    count = "SELECT count(*) FROM user_account"
    assert [inventory.query(count, as_of=NOON + day * DAY).rows[0] for day in (-1, 0, 1, 2)] == [
        (0,),
        (1,),
        (1,),
        (0,),
    ]


def test_every_kind_is_a_table_with_its_columns_though_nothing_was_collected(inventory: Inventory) -> None:
    each = [f'SELECT id, evidence, unknown FROM "{kind}"' for kind in kinds()]  # noqa: S608
    assert list(inventory.query(" UNION ALL ".join(each)).rows) == []
    found = inventory.query("SELECT table_name FROM information_schema.tables ORDER BY 1")
    assert [row[0] for row in found.rows] == sorted(kinds())


def test_a_kind_with_a_field_named_like_the_scope_keeps_both(inventory: Inventory) -> None:
    columns = inventory.query("SELECT * FROM storage_bucket").columns
    assert columns[:6] == ("id", "name", "source", "account", "scope_region", "region")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT nope FROM user_account",
        "SELECT * FROM nope",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM parquet_schema('/etc/passwd')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM read_json('http://127.0.0.1:1/x')",
        "SELECT getenv('PATH')",
        "SELECT * FROM sandbox",
        "SELECT * FROM sql",
        "COPY user_account TO '/stolen.csv'",
        "COPY (SELECT 1) TO 'stolen.parquet'",
        "EXPORT DATABASE 'stolen'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA version",
        "CALL pragma_version()",
        "SET memory_limit = '100GB'",
        "RESET enable_external_access",
        "CREATE TABLE t AS SELECT 1",
        "INSERT INTO user_account (id) VALUES ('x')",
        "DELETE FROM user_account",
        "DROP TABLE user_account",
        "WITH x AS (INSERT INTO user_account (id) VALUES ('x') RETURNING *) SELECT * FROM x",
        "EXPLAIN SELECT 1",
        "BEGIN",
        "CHECKPOINT",
        "PREPARE p AS SELECT 1",
        "SELECT ?",
        "SELECT '\ud800'",
    ],
)
def test_a_query_that_does_more_than_read_the_inventory_is_refused(one_user: Inventory, sql: str) -> None:
    with pytest.raises(QueryError, match=r".{10}"):
        one_user.query(sql)
    assert list(one_user.query("SELECT name FROM user_account").rows) == [("ada",)]


def test_every_resource_of_every_kind_is_named_as_of_a_day(inventory: Inventory) -> None:
    assert list(inventory.names()) == []
    saw(inventory, 0, user("b"), user("a"))
    saw(inventory, 1, user("b"))
    a, b = (
        Named(kind="user_account", id=each.id, name=each.name, account=AWS.account)
        for each in (user("a"), user("b"))
    )
    assert list(inventory.names()) == [b]
    assert list(inventory.names(as_of=NOON)) == [a, b]
    assert list(inventory.names(as_of=NOON - DAY)) == []


ASKED: tuple[tuple[Condition, ...], ...] = (
    (),
    (Is("name", "b"),),
    (Is("mfa_enrolled", value=False),),
    (Is("mfa_enrolled", None),),
    (Is("created_at", NOON - 300 * DAY),),
    (AnyOf("account", ("111122223333",)), AnyOf("region", ("", "eu-central-1"))),
    (AnyOf("account", ()),),
    (Holds(("name", "id"), "USER:A"),),
    (Holds(("attached_policies",), "readonly"),),
    (Holds(("tags",), '["team","it\'s"]'),),
    (Holds(("groups",), "none"),),
    (Since("password_set_at", NOON), Before("created_at", NOON)),
    (Either((Is("name", "C"), Holds(("name",), "Ä"))),),
    (Either(()),),
)


@pytest.mark.parametrize("where", ASKED)
def test_a_question_is_answered_as_from_all_resources(
    inventory: Inventory, where: tuple[Condition, ...]
) -> None:
    users = [user("b"), user("a", mfa=False), user("C", mfa=Unknown("not shown")), user("ä%_")]
    saw(inventory, 0, *users)
    saw(inventory, 0, user("eu", scope=EU), scope=EU)
    reference = MemoryInventory()
    saw(reference, 0, *users)
    saw(reference, 0, user("eu", scope=EU), scope=EU)
    for order in ((), ("-name",), ("mfa_enrolled", "-id"), ("-region",)):
        question = Question(where=where, order=order, offset=1, limit=2)
        found = inventory.answer(UserAccount, question)
        expected = reference.answer(UserAccount, question)
        assert (list(found.rows), found.total) == (list(expected.rows), expected.total)
    by = ["account", "mfa_enrolled"]
    assert inventory.tally(UserAccount, by, *where) == reference.tally(UserAccount, by, *where)


def test_a_question_is_answered_as_of_a_day(inventory: Inventory) -> None:
    saw(inventory, 0, user("a"), user("b"))
    saw(inventory, 1, user("b"), user("c"))
    question = Question(order=("name",))
    assert [each.name for each in inventory.answer(UserAccount, question).rows] == ["b", "c"]
    then = inventory.answer(UserAccount, question, as_of=NOON)
    assert [each.name for each in then.rows] == ["a", "b"]
    assert then.total == 2
    assert inventory.tally(UserAccount, ["account"], as_of=NOON - DAY) == {}
    assert inventory.tally(UserAccount, ["account"]) == {("111122223333",): 2}
    assert inventory.answer(Person, question).total == 0


def test_a_page_beyond_the_end_is_empty_and_knows_the_total(inventory: Inventory) -> None:
    saw(inventory, 0, user("a"), user("b"))
    found = inventory.answer(UserAccount, Question(offset=50, limit=50))
    assert (list(found.rows), found.total) == ([], 2)


def test_the_region_of_a_question_is_where_something_was_seen(inventory: Inventory) -> None:
    block = Unknown("not asked")
    bucket = StorageBucket(
        id=ResourceId("b"),
        name="b",
        scope=AWS,
        evidence=(),
        region="eu-central-1",
        block=block,
        public_by_policy=block,
        public_by_acl=block,
        tls_only=block,
        policy=block,
        tags=block,
    )
    inventory.record(
        RunId("run"), NOON, [Snapshot(kind=StorageBucket, scope=AWS, items=[bucket], complete=True)]
    )
    assert inventory.tally(StorageBucket, ["region"]) == {("",): 1}


def test_what_every_test_said_of_an_item_is_found_by_the_item(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", Satisfied()), ("bob", Satisfied())))
    observed(inventory, 1, result(("ada", NO), ("bob", Satisfied())))
    observed(inventory, 2, result(("bob", Satisfied())))
    said = inventory.outcomes(ResourceId("ada"))
    assert [(each.test, each.known_from, each.outcome) for each in said] == [
        (TEST, NOON, Satisfied()),
        (TEST, NOON + DAY, NO),
        (TEST, NOON + 2 * DAY, None),
    ]
    assert [each.outcome for each in inventory.outcomes(ResourceId("ada"), as_of=NOON)] == [Satisfied()]
    assert list(inventory.outcomes(ResourceId("eve"))) == []


OLD, NEW = b"old", b"new"


def erase(inventory: Inventory, *bodies: bytes) -> None:
    inventory.erase({digest_of(body) for body in bodies})


def test_an_item_that_erased_evidence_alone_shows_has_no_id_and_no_name(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", evidence=OLD), user("eve", evidence=OLD))
    saw(inventory, 1, user("ada", evidence=NEW, mfa=False))
    erase(inventory, OLD)
    assert names(inventory, 0) == []
    assert names(inventory) == ["ada"]
    assert inventory.history(UserAccount, ResourceId("user:eve")) == []
    assert [type(known) for _, known in inventory.history(UserAccount, ResourceId("user:ada"))] == [
        Unknown,
        UserAccount,
    ]
    assert "eve" not in repr(inventory.names(as_of=NOON))
    assert [inventory.erased(UserAccount, as_of=NOON + day * DAY) for day in (-1, 0, 1)] == [0, 2, 0]


def test_a_span_of_erased_evidence_is_never_bridged_by_what_was_known_before(inventory: Inventory) -> None:
    """Erasing the day without a second factor does not make it a day with one."""
    saw(inventory, 0, user("ada", evidence=b"a"))
    saw(inventory, 1, user("ada", mfa=False, evidence=OLD))
    saw(inventory, 2, user("ada", evidence=b"c"))
    erase(inventory, OLD)
    assert [names(inventory, day) for day in range(3)] == [["ada"], [], ["ada"]]


def test_erased_again_nothing_changes_and_what_comes_after_is_known(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", evidence=OLD))
    erase(inventory, OLD)
    before = inventory.erased(UserAccount)
    erase(inventory, OLD)
    assert inventory.erased(UserAccount) == before == 1
    saw(inventory, 1, user("ada", evidence=NEW))
    assert names(inventory) == ["ada"]
    assert inventory.erased(UserAccount) == 0
    erase(inventory, b"never seen")
    assert names(inventory) == ["ada"]


def test_an_incomplete_look_leaves_what_was_erased_counted(inventory: Inventory) -> None:
    saw(inventory, 0, user("ada", evidence=OLD))
    erase(inventory, OLD)
    saw(inventory, 1, complete=False)
    assert inventory.erased(UserAccount) == 1
    saw(inventory, 2, complete=True)
    assert inventory.erased(UserAccount) == 0


def test_an_outcome_outlives_its_evidence_without_words_and_names(inventory: Inventory) -> None:
    observed(inventory, 0, result(("ada", NO), ("eve", Satisfied("fine"))))
    erase(inventory, b"ada", b"eve")
    found = inventory.spans(TEST, since=NOON, until=NOON + DAY)
    assert sorted(type(span.outcome).__name__ for span in found) == ["Deviation", "Satisfied"]
    assert {span.name for span in found} == {"erased"}
    told = repr(found)
    assert "ada" not in told
    assert "eve" not in told
    assert "no second factor" not in told
    observed(inventory, 1, result(("ada", Satisfied())))
    later = inventory.spans(TEST, since=NOON + DAY, until=NOON + 2 * DAY)
    assert [span.item for span in later if span.outcome is not None] == ["ada"]
