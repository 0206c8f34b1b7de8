import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Query, digest_of
from auditwright.core.ids import Digest, StreamId
from auditwright.core.integration import MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.integrations.aws.authorization import AUTHORIZATION_DETAILS
from auditwright.integrations.aws.iam import PASSWORD_POLICY
from auditwright.integrations.aws.operations import ACCOUNT, Ask, Detail, Listing, Single, each
from auditwright.integrations.aws.reading import (
    LARGE_BYTES,
    Answers,
    Row,
    moment_of,
    of_account,
    parsed_answer,
    rendered,
)
from auditwright.integrations.aws.s3 import BUCKETS, POLICY
from tests.integrations.aws.shapes import GLOBAL, NOW, captured, read, refused


def row(**fields: object) -> Row:
    return Row(
        operation="ec2:DescribeVolumes", path="Volumes[3]", fields=fields, evidence=(Digest("0" * 64),)
    )


def evidence(
    name: str, body: bytes, *, parameters: tuple[tuple[str, str], ...] = (), age: int = 0
) -> Evidence:
    return Evidence(
        stream=StreamId("aws.test"),
        scope=GLOBAL,
        query=Query(operation=name, parameters=parameters),
        principal="",
        collected_at=NOW,
        effective_at=NOW - timedelta(days=age),
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


@pytest.mark.parametrize(
    "written",
    [
        "2019-12-18 19:10:08+00:00",
        "2019-12-18T19:10:08Z",
        "2019-12-18T20:10:08+01:00",
        1576696208,
        1576696208.0,
        "2019-12-18T19:10:08",
    ],
)
def test_times_are_read_as_aws_and_its_cli_write_them(written: object) -> None:
    assert moment_of(written) == datetime(2019, 12, 18, 19, 10, 8, tzinfo=UTC)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans(), st.binary()))
def test_no_value_breaks_the_reading_of_times(value: object) -> None:
    found = moment_of(value)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize("reader", ["text", "boolean", "integer", "number", "moment", "row", "rows", "texts"])
def test_a_missing_field_is_unknown_and_says_which(reader: str) -> None:
    for fields in ({}, {"State": None}):
        found = getattr(row(**fields), reader)("State")
        assert found == Unknown("the answer to ec2:DescribeVolumes has no field Volumes[3].State")


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        ("text", 1),
        ("boolean", 1),
        ("boolean", "true"),
        ("integer", True),
        ("integer", 1.5),
        ("number", "1"),
        ("moment", "yesterday"),
        ("row", []),
        ("rows", {}),
        ("rows", ["a"]),
        ("texts", [1]),
        ("texts", "a"),
    ],
)
def test_a_field_of_the_wrong_type_names_operation_and_path(reader: str, value: object) -> None:
    with pytest.raises(
        MalformedEvidenceError, match=r"^ec2:DescribeVolumes: Volumes\[3\]\.State(\[0\])? must be "
    ):
        getattr(row(State=value), reader)("State")


def test_a_field_that_aws_always_gives_must_be_there() -> None:
    with pytest.raises(MalformedEvidenceError, match="VolumeId is missing; expected a string"):
        row().required_text("VolumeId")


def test_tags_are_sorted_and_left_out_where_there_are_none() -> None:
    assert row().tags() == ()
    tags = [{"Key": "b", "Value": "2"}, {"Key": "a"}]
    assert row(Tags=tags).tags() == (("a", ""), ("b", "2"))


def test_what_was_refused_is_unknown_in_the_words_of_the_gap() -> None:
    gap = refused(POLICY, "ledger", scope=GLOBAL)
    answers = read(captured(BUCKETS, {"Buckets": [{"Name": "ledger"}]}, scope=GLOBAL), gap)
    assert answers.detail(POLICY, Bucket="ledger") == Unknown(gap.sentence())
    other = answers.detail(POLICY, Bucket="other")
    assert isinstance(other, Unknown)
    assert "import the answer to `aws s3api get-bucket-policy`" in other.why


def test_a_gap_without_an_item_speaks_for_every_item() -> None:
    gap = refused(POLICY, scope=GLOBAL)
    assert read(gap).detail(POLICY, Bucket="any") == Unknown(gap.sentence())


def test_there_is_none_only_where_aws_said_so() -> None:
    body = b'{"calls":[{"parameters":{},"error":{"code":"NoSuchEntity","message":"none"}}]}'
    assert read(evidence(PASSWORD_POLICY.name, body)).one(PASSWORD_POLICY) is None
    assert isinstance(read().one(PASSWORD_POLICY), Unknown)


def test_a_call_is_found_by_what_it_was_asked_with() -> None:
    body = json.dumps(
        {
            "calls": [
                {"parameters": {"Bucket": "a"}, "answer": {"Policy": "{}"}},
                {"parameters": {"Bucket": "b"}, "error": {"code": "NoSuchBucketPolicy", "message": ""}},
            ]
        }
    ).encode()
    answers = read(evidence(POLICY.name, body))
    found = answers.detail(POLICY, Bucket="a")
    assert isinstance(found, Row)
    assert found.text("Policy") == "{}"
    assert answers.detail(POLICY, Bucket="b") is None
    assert [call.code for call in answers.calls(POLICY)] == ["", "NoSuchBucketPolicy"]


def test_a_saved_answer_about_one_item_is_found_like_a_collected_one() -> None:
    saved = evidence(POLICY.name, b'{"Policy": "{}"}', parameters=(("Bucket", "a"),))
    assert isinstance(read(saved).detail(POLICY, Bucket="a"), Row)
    assert isinstance(read(saved).detail(POLICY, Bucket="b"), Unknown)


def test_of_two_answers_the_one_that_was_true_later_counts() -> None:
    old = evidence(BUCKETS.name, b'{"Buckets":[{"Name":"old"}]}', age=3)
    new = evidence(BUCKETS.name, b'{"Buckets":[{"Name":"new"}]}')
    for order in ((old, new), (new, old)):
        assert [bucket.text("Name") for bucket in read(*order).items(BUCKETS)] == ["new"]


def test_an_answer_to_a_narrower_question_is_not_taken_for_the_whole() -> None:
    public = Listing(
        service="ec2", method="DescribeSnapshots", items=("Snapshots",), parameters={"By": ["all"]}
    )
    every = Listing(service="ec2", method="DescribeSnapshots", items=("Snapshots",))
    narrow = evidence("ec2:DescribeSnapshots", b'{"Snapshots":[{}]}', parameters=(("By", '["all"]'),))
    assert len(list(read(narrow).items(public))) == 1
    assert list(read(narrow).items(every)) == []
    assert not read(narrow).collected(every)


def test_the_number_of_the_account_stands_in_at_any_depth() -> None:
    asked = {"A": ACCOUNT, "F": [{"Values": [ACCOUNT, "x"]}], "n": 3}
    assert of_account(asked, "1") == {"A": "1", "F": [{"Values": ["1", "x"]}], "n": 3}
    assert rendered(asked, "1") == (("A", "1"), ("F", '[{"Values":["1","x"]}]'), ("n", "3"))
    single = Single(service="s3control", method="GetPublicAccessBlock", parameters={"AccountId": ACCOUNT})
    saved = evidence(single.name, b'{"a":1}', parameters=(("AccountId", GLOBAL.account),))
    assert isinstance(read(saved).one(single), Row)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "must be an object"),
        (b"\xff\xfe{", "not UTF-8"),
        (b"{", "not JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"calls":[{"parameters":{}}]}', "either an answer or an error"),
        (b'{"calls":[{"answer":{}}]}', "parameters"),
        (b'{"calls":{}}', "must be a list"),
    ],
)
def test_a_body_of_the_wrong_form_is_an_error_that_says_where(body: bytes, why: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=f"^s3:GetBucketPolicy: .*{why}"):
        read(evidence(POLICY.name, body)).detail(POLICY, Bucket="a")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4), st.booleans())
def test_every_answer_is_read_as_the_standard_library_reads_it(fields: object, escaped: bool) -> None:  # noqa: FBT001  # drawn
    # With lone surrogates, NaN and infinities among it, for which JSON has no word but some writers do.
    body = json.dumps(fields, ensure_ascii=escaped).encode(errors="surrogatepass" if escaped else "replace")
    assert repr(parsed_answer(body, operation="x")) == repr(json.loads(body.decode("utf-8-sig")))


LIST = Listing(service="ec2", method="DescribeVolumes", items=("Volumes",))


def large(volumes: str, more: str = "") -> Evidence:
    """A listing that is large enough to be read item by item."""
    padding = f'"Padding": "{"x" * LARGE_BYTES}"'
    return evidence(LIST.name, f'{{{padding}{more}, "Volumes": {volumes}}}'.encode())


def paths(found: Evidence) -> list[tuple[str, object]]:
    return [(row.path, row.fields) for row in read(found).items(LIST)]


@settings(max_examples=20)
@given(st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=3), max_size=4))
def test_a_large_listing_is_read_as_a_small_one(volumes: list[dict[str, object]]) -> None:
    written = json.dumps(volumes)
    small = evidence(LIST.name, f'{{"Volumes": {written}}}'.encode())
    assert repr(paths(large(written))) == repr(paths(small))


@pytest.mark.parametrize(
    "more", [', "NextToken": null', ', "Size": 1.5', ', "Owner": {"a": [1]}', ', "Whole": true']
)
def test_what_stands_beside_a_large_list_does_not_matter(more: str) -> None:
    assert paths(large('[{"a": 1}]', more)) == [("Volumes[0]", {"a": 1})]


@pytest.mark.parametrize("volumes", ["null", "[]"])
def test_a_large_answer_whose_list_is_empty_has_no_items(volumes: str) -> None:
    assert paths(large(volumes)) == []


@pytest.mark.parametrize(
    ("volumes", "why"),
    [
        ('[{"a": 1}, 7]', r"Volumes\[1\] must be an object, not 7"),
        ("{}", "Volumes must be a list"),
        ('"x"', "Volumes must be a list"),
        ("[{]", "not JSON"),
        ('[{"a": 1}] x', "not JSON"),
    ],
)
def test_a_large_answer_of_the_wrong_form_is_an_error_that_says_where(volumes: str, why: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=f"^ec2:DescribeVolumes: .*{why}"):
        paths(large(volumes))


def test_an_item_that_only_the_lenient_reader_reads_comes_in_its_place() -> None:
    found = paths(large('[{"a": 1}, {"a": 1e999}, {"a": 2}]'))
    assert found == [("Volumes[0]", {"a": 1}), ("Volumes[1]", {"a": float("inf")}), ("Volumes[2]", {"a": 2})]


def test_a_byte_order_mark_is_no_part_of_the_answer() -> None:
    assert parsed_answer(b'\xef\xbb\xbf{"a":1}', operation="x") == {"a": 1}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(body: bytes) -> None:
    try:
        list(read(evidence(AUTHORIZATION_DETAILS.name, body)).items(AUTHORIZATION_DETAILS))
    except MalformedEvidenceError:
        return


def test_the_partition_follows_the_caller_and_then_the_region() -> None:
    answers = read(captured(BUCKETS, {"Buckets": []}, scope=GLOBAL))
    assert answers.partition == "aws"
    assert answers.arn("s3", "x") == f"arn:aws:s3::{GLOBAL.account}:x"
    assert Answers(()).partition == "aws"


def test_each_asks_for_every_item_but_those_left_out() -> None:
    asks = each(
        BUCKETS,
        lambda bucket: None if bucket.text("Name") == "b" else {"Bucket": bucket.required_text("Name")},
    )
    answers = read(captured(BUCKETS, {"Buckets": [{"Name": "a"}, {"Name": "b"}]}, scope=GLOBAL))
    assert list(asks(answers)) == [Ask(parameters={"Bucket": "a"})]
    assert Detail(service="s3", method="GetBucketPolicy", asks=asks).cli == ("s3api", "get-bucket-policy")
