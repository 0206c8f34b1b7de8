from datetime import UTC, datetime

import pytest
from botocore.client import BaseClient
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import GapReason
from auditwright.integrations.aws.caller import (
    MAX_DETAIL_CHARACTERS,
    REDACTED,
    Caller,
    jsonable,
    reason_of,
    timestamp,
    web_page,
)


def no_client(service: str, region: str) -> BaseClient:
    raise AssertionError(f"{service} in {region} must not be asked")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("AccessDenied", GapReason.REFUSED),
        ("AccessDeniedException", GapReason.REFUSED),
        ("UnauthorizedOperation", GapReason.REFUSED),
        ("Client.UnauthorizedOperation", GapReason.REFUSED),
        ("AuthorizationError", GapReason.REFUSED),
        ("ExpiredToken", GapReason.CREDENTIALS),
        ("ExpiredTokenException", GapReason.CREDENTIALS),
        ("RequestExpired", GapReason.CREDENTIALS),
        ("InvalidClientTokenId", GapReason.CREDENTIALS),
        ("UnrecognizedClientException", GapReason.CREDENTIALS),
        ("Throttling", GapReason.THROTTLED),
        ("ThrottlingException", GapReason.THROTTLED),
        ("RequestLimitExceeded", GapReason.THROTTLED),
        ("OptInRequired", GapReason.SWITCHED_OFF),
        ("404", GapReason.UNAVAILABLE),
        ("500", GapReason.UNAVAILABLE),
        ("InternalFailure", GapReason.UNAVAILABLE),
        ("NoSuchEntity", GapReason.UNAVAILABLE),
        ("", GapReason.UNAVAILABLE),
    ],
)
def test_codes_have_reasons_and_an_unknown_one_is_never_none_there(code: str, reason: GapReason) -> None:
    assert reason_of(code) is reason


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "6c8f0a9b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f80",
        "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDabcdefghijklmnop==",
    ],
)
def test_secrets_are_blotted_out_wherever_they_stand(secret: str) -> None:
    caller = Caller(no_client)
    for text in (secret, f"the token {secret} is wrong", f"Credential={secret}", f"'{secret}'"):
        found = caller.redacted(text)
        assert secret not in found
        assert REDACTED in found


def test_the_words_of_a_denial_stay_readable() -> None:
    said = (
        "User: arn:aws:sts::123456789012:assumed-role/auditwright-collector-of-the-organization/run-2026-11-23 is not "
        "authorized to perform: iam:ListUsers on resource: arn:aws:iam::123456789012:user/ because no "
        "identity-based policy allows the iam:ListUsers action"
    )
    assert Caller(no_client).redacted(said) == said


def test_long_words_are_cut_and_lines_are_joined() -> None:
    found = Caller(no_client).redacted("a line\n" * 1000)
    assert "\n" not in found
    assert len(found) <= MAX_DETAIL_CHARACTERS + 2


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60), st.text()
)
def test_the_credentials_in_use_never_come_through(secret: str, text: str) -> None:
    caller = Caller(no_client, secrets=lambda: (secret,))
    assert secret not in caller.redacted(f"{text}{secret}{text}").replace(REDACTED, "")


def test_an_answer_is_written_as_the_cli_prints_it() -> None:
    parsed = {"At": datetime(2026, 1, 2, tzinfo=UTC), "Blob": b"abc", "List": [{"n": 1, "x": None}], "f": 1.5}
    assert jsonable(parsed) == {
        "At": "2026-01-02T00:00:00+00:00",
        "Blob": "YWJj",
        "List": [{"n": 1, "x": None}],
        "f": 1.5,
    }


@pytest.mark.parametrize(
    "written", ["2026-01-02T00:00:00.000Z", 1767312000, 1767312000.0, "Fri, 02 Jan 2026 00:00:00 GMT"]
)
def test_times_of_every_protocol_become_one_form(written: object) -> None:
    assert timestamp(written) == "2026-01-02T00:00:00+00:00"


def test_what_is_no_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a time"):
        timestamp(None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>",
            'a web page instead of an answer: "404 Not Found"',
        ),
        (
            "<HTML><HEAD><TITLE>Sign in\n to &amp; on</TITLE>",
            'a web page instead of an answer: "Sign in to & on"',
        ),
        ("Unable to parse response: b'<html>", "a web page instead of an answer"),
        ("<html><title></title>", "a web page instead of an answer"),
        ("<Error><Code>AccessDenied</Code></Error>", ""),
        ("User is not authorized to perform: html", ""),
        ("", ""),
    ],
)
def test_of_a_web_page_the_title_is_said_and_nothing_else(text: str, said: str) -> None:
    assert web_page(text) == said


@given(st.text())
def test_a_web_page_is_said_in_a_few_words(text: str) -> None:
    assert len(web_page(f"<html><title>{text}</title>{text}")) <= 160
