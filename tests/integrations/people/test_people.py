import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.core.evidence import Evidence, Gap, GapReason, Query, digest_of
from auditwright.core.integration import Config, ConfigError, MalformedEvidenceError
from auditwright.core.outcome import Unknown
from auditwright.core.resources import Person
from auditwright.integrations.people import (
    INTEGRATION,
    MAX_FILE_BYTES,
    OPERATION,
    check,
    collect,
    normalize,
    targets,
)

HEADER = "email,name,employment,title,manager,started_on,ended_on,accounts\n"
ADA = "ada@acme.example,Ada Lovelace,employee,Engineer,eve@acme.example,2020-02-29,,aws:ada;github:lovelace\n"
EVE = "eve@acme.example,Eve,contractor,,,2021-01-01,2026-05-01,\n"


def config(folder: Path, roster: str | None = None) -> Config:
    return {"program_folder": str(folder)} | ({"roster": roster} if roster else {})


def collected(folder: Path, roster: str | None = None) -> tuple[list[Evidence], list[Gap]]:
    (target,) = targets(config(folder, roster))
    captured = list(collect(target))
    return (
        [item for item in captured if isinstance(item, Evidence)],
        [item for item in captured if isinstance(item, Gap)],
    )


def saved(body: bytes, file: str = "people.csv") -> Evidence:
    (target,) = targets({"program_folder": ".", "roster": file})
    at = datetime(2026, 7, 1, tzinfo=UTC)
    return Evidence(
        stream=target.stream,
        scope=target.scope,
        query=Query(operation=OPERATION, parameters=(("file", file),)),
        principal="",
        collected_at=at,
        effective_at=at,
        collector="auditwright/test",
        body=body,
        digest=digest_of(body),
    )


def people(text: str | bytes, file: str = "people.csv") -> Sequence[Person]:
    body = text.encode() if isinstance(text, str) else text
    return list(normalize([saved(body, file)], []))


# --- collecting


def test_a_roster_is_kept_as_it_is_with_the_time_at_which_it_was_written(tmp_path: Path) -> None:
    body = (HEADER + ADA).encode()
    (tmp_path / "people.csv").write_bytes(body)
    os.utime(tmp_path / "people.csv", (1_700_000_000, 1_700_000_000))
    (evidence,), gaps = collected(tmp_path)
    assert gaps == []
    assert evidence.body == body
    assert evidence.digest == digest_of(body)
    assert evidence.effective_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert evidence.query.command == "cat people.csv"
    assert evidence.scope.account == "people.csv"


def test_a_folder_of_files_gives_one_piece_of_evidence_each(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "ada.yaml").write_text(
        "email: ada@acme.example\nname: Ada\nemployment: employee\n"
    )
    (tmp_path / "people" / "rest.csv").write_text(HEADER + EVE)
    (tmp_path / "people" / "README.md").write_text("How to write a person\n")
    evidence, gaps = collected(tmp_path, "people/")
    assert gaps == []
    assert [item.query.command for item in evidence] == ["cat people/ada.yaml", "cat people/rest.csv"]
    assert [person.email for person in normalize(evidence, gaps)] == ["ada@acme.example", "eve@acme.example"]


@pytest.mark.parametrize("body", [b"", b"\n\n", HEADER.encode(), HEADER.encode() + b",,,,,,,\n"])
def test_a_roster_of_nobody_is_a_gap_that_hides_people(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "people.csv").write_bytes(body)
    evidence, (gap,) = collected(tmp_path)
    assert (gap.reason, gap.hides_items) == (GapReason.EMPTY, True)
    assert gap.detail == "the roster holds nobody; an organization has people"
    assert gap.operation == INTEGRATION.streams[0].operations[0].name
    assert list(normalize(evidence, [gap])) == []


@pytest.mark.parametrize("body", ["", "[]\n", "# nobody yet\n"])
def test_an_empty_yaml_roster_is_a_gap(tmp_path: Path, body: str) -> None:
    (tmp_path / "people.yaml").write_text(body)
    _, (gap,) = collected(tmp_path, "people.yaml")
    assert gap.reason is GapReason.EMPTY


def test_a_saved_roster_of_nobody_is_refused_where_no_gap_says_so() -> None:
    with pytest.raises(MalformedEvidenceError, match="holds nobody"):
        people(HEADER)


def test_a_missing_roster_is_a_gap_that_says_what_to_write(tmp_path: Path) -> None:
    evidence, (gap,) = collected(tmp_path)
    assert evidence == []
    assert (gap.reason, gap.hides_items) == (GapReason.NOT_COLLECTED, True)
    assert "email, name, employment" in gap.remedy
    assert str(tmp_path) not in gap.sentence()


def test_an_empty_folder_a_pipe_and_another_kind_of_file_are_gaps(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "people.xlsx").write_bytes(b"PK")
    reasons = {name: collected(tmp_path, name)[1][0].reason for name in ("people", "pipe.csv", "people.xlsx")}
    assert reasons == {
        "people": GapReason.EMPTY,
        "pipe.csv": GapReason.NOT_COLLECTED,
        "people.xlsx": GapReason.NOT_COLLECTED,
    }


def test_a_file_over_the_bound_is_a_gap_and_is_not_held(tmp_path: Path) -> None:
    with (tmp_path / "people.csv").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    evidence, (gap,) = collected(tmp_path)
    assert (evidence, gap.reason) == ([], GapReason.LIMIT)


def test_one_file_that_cannot_be_read_hides_people_but_not_the_others(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "a.csv").write_text(HEADER + ADA)
    (tmp_path / "people" / "b.csv").symlink_to(tmp_path / "gone.csv")
    (tmp_path / "people" / "c.csv").symlink_to("c.csv")
    evidence, gaps = collected(tmp_path, "people")
    assert [gap.subject for gap in gaps] == ["people/b.csv", "people/c.csv"]
    assert all(gap.hides_items for gap in gaps)
    assert [person.name for person in normalize(evidence, gaps)] == ["Ada Lovelace"]


def test_a_roster_whose_rows_are_wrong_is_still_kept_as_evidence(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email,name\nada@acme.example,Ada\n")
    evidence, gaps = collected(tmp_path)
    assert len(evidence) == 1
    assert gaps == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rooster": "x.csv"}, "unknown key 'rooster'; the only key is 'roster'"),
        ({"roster": 3}, "roster must be a path"),
        ({"roster": " "}, "roster must be a path"),
        ({"roster": "a\0b"}, "roster must be a path"),
    ],
)
def test_wrong_settings_are_named(settings: Config, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        list(targets(settings))


# --- reading


def test_a_row_becomes_a_person() -> None:
    (ada,) = people(HEADER + ADA)
    assert ada == Person(
        id=ada.id,
        name="Ada Lovelace",
        scope=ada.scope,
        evidence=(digest_of((HEADER + ADA).encode()),),
        email="ada@acme.example",
        employment="employee",
        title="Engineer",
        manager="eve@acme.example",
        started_on=date(2020, 2, 29),
        ended_on=None,
        accounts=("aws:ada", "github:lovelace"),
    )
    assert ada.id == "person:ada@acme.example"


def test_an_empty_cell_says_what_emptiness_means_for_its_column() -> None:
    (eve,) = people(HEADER + "eve@acme.example,Eve,contractor,,,,,\n")
    assert isinstance(eve.title, Unknown)
    assert isinstance(eve.started_on, Unknown)
    assert (eve.manager, eve.ended_on, eve.accounts) == (None, None, ())


def test_a_missing_column_leaves_its_facts_unknown() -> None:
    (eve,) = people("email,name,employment\neve@acme.example,Eve,contractor\n")
    facts = (eve.title, eve.manager, eve.started_on, eve.ended_on, eve.accounts)
    assert all(isinstance(fact, Unknown) for fact in facts)
    assert isinstance(eve.ended_on, Unknown)
    assert "no ended_on" in eve.ended_on.why


def test_yaml_is_read_like_csv_with_a_missing_key_for_a_missing_column() -> None:
    text = (
        "- email: Ada@Acme.Example\n  name: Ada Lovelace\n  employment: employee\n  ended_on:\n"
        "  started_on: 2020-02-29\n  accounts: [aws:ada, github:lovelace]\n  shoe_size: 38\n"
        "- {email: eve@acme.example, name: Eve, employment: Contractor, ended_on: '2026-05-01'}\n"
    )
    ada, eve = people(text, "people.yaml")
    assert ada.email == "ada@acme.example"
    assert (ada.ended_on, ada.started_on) == (None, date(2020, 2, 29))
    assert ada.accounts == ("aws:ada", "github:lovelace")
    assert isinstance(eve.accounts, Unknown)
    assert (eve.employment, eve.ended_on) == ("contractor", date(2026, 5, 1))


@pytest.mark.parametrize(
    "body",
    [
        (HEADER + ADA + EVE).encode("utf-8-sig"),
        (HEADER + ADA + EVE).encode("utf-16"),
        (HEADER + ADA + EVE).replace("\n", "\r\n").encode(),
        (HEADER + ADA + EVE).replace("\n", "\r").encode(),
        (HEADER + ADA + EVE).rstrip().encode(),
        (HEADER + ADA + EVE).replace(";", "|").replace(",", "\t").replace("|", ";").encode(),
        ("sep=,\r\n" + HEADER + ADA + EVE).encode(),
        (" E-Mail , NAME,Employment ,Title,Manager,Started On,ended-on,ACCOUNTS,,\n" + ADA + EVE).encode(),
        ("\n" + HEADER + ADA + ",,,,,,,,,\n" + EVE + "\n").encode(),
        (
            HEADER.replace(",", ";")
            + ADA.replace(";", "|").replace(",", ";").replace("aws:ada|github:lovelace", '"aws:ada;github:lovelace"')
            + EVE.replace(",", ";")
        ).encode(),
    ],
    ids=["bom", "utf-16", "crlf", "cr", "no-end", "tabs", "sep", "header", "blank-rows", "semicolons"],
)  # fmt: skip
def test_the_form_of_the_file_does_not_matter(body: bytes) -> None:
    def facts(found: Sequence[Person]) -> list[tuple[object, ...]]:
        return [(one.email, one.name, one.manager, one.ended_on, one.accounts) for one in found]

    cut_short = body.replace(b",,\n", b"\n", 1) if b"E-Mail" in body else body
    assert facts(people(cut_short)) == facts(people(HEADER + ADA + EVE))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,employment\nAda,employee\n", "people.csv, row 1: the header lacks email; expected are"),
        ("email,email,name,employment\n", "row 1: the column email stands twice"),
        (HEADER + ADA + ADA, "people.csv, row 3: ada@acme.example stands in people.csv, row 2 already"),
        (HEADER + ADA + ADA.replace("ada@", "ADA@"), "row 3: ada@acme.example stands in"),
        (HEADER + "ada@acme.example,Ada\n", "row 2: 2 cells, where the header has 8"),
        (HEADER + ADA.rstrip() + ",more\n", "row 2: 9 cells, where the header has 8"),
        (HEADER + ADA.replace("2020-02-29", "2021-02-29"), "row 2: started_on must be a date such as"),
        (HEADER + ADA.replace("2020-02-29", "02/03/2020"), "row 2: started_on must be a date"),
        (HEADER + ADA.replace("2020-02-29", "20200229"), "row 2: started_on must be a date"),
        (HEADER + ADA.replace("2020-02-29,", "2020-02-29,yes"), "ended_on must be a date .* not 'yes'"),
        (HEADER + ADA.replace("2020-02-29,", "2020-02-29,2019-01-01"), "ended_on 2019-01-01 is before"),
        (HEADER + ADA.replace("employee", "intern"), "employment is 'intern'; use employee or contractor"),
        (HEADER + ADA.replace("employee", ""), "row 2: employment is empty"),
        (HEADER + ADA.replace("Ada Lovelace", " "), "row 2: name is empty"),
        (HEADER + ADA.replace("ada@acme.example", "ada"), "email must be an e-mail address, not 'ada'"),
        (HEADER + ADA.replace("ada@acme.example", ""), "email must be an e-mail address, not 'empty'"),
        (HEADER + ADA.replace("eve@acme.example", "Eve"), "manager must be an e-mail address, not 'Eve'"),
        (HEADER + ADA.replace("aws:ada", "ada"), "accounts must be `system:account`, such as"),
        (HEADER + ADA.replace("aws:ada", "aws:"), "accounts must be `system:account`"),
        (HEADER + '"ada@acme.example,Ada\n', "row 2: not a row of CSV"),
        (HEADER + "x" * 200_000 + ",Ada\n", "row 2: not a row of CSV: field larger"),
        (HEADER + "a\0" + ADA, "line 2: a zero byte"),
    ],
)
def test_a_wrong_row_is_refused_with_its_number_and_what_was_expected(text: str, said: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=said):
        people(text)


def test_text_that_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(
        MalformedEvidenceError, match=r"people\.csv, line 2: not UTF-8; save the file as UTF-8"
    ):
        people(HEADER.encode() + ADA.replace("Ada", "Adé").encode("cp1252"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- name: Ada\n  employment: employee\n", "people.yaml:1: 0: the key 'email' is missing"),
        ("- email: a@b\n  name: 7\n  employment: employee\n", "people.yaml:2: .*expected a text, found 7"),
        (
            "- email: a@b\n  name: A\n  employment: employee\n  ended_on: 2026-13-01\n",
            "people.yaml:4: .*'2026-13-01' is no timestamp",
        ),
        ("- [a\n", "not valid YAML"),
        ("- 7\n", "expected a table"),
    ],
)
def test_a_wrong_yaml_roster_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(MalformedEvidenceError, match=said):
        people(text, "people.yaml")


@pytest.mark.parametrize(
    "name",
    ["=HYPERLINK(1)", "<script>alert(1)</script>", "Ada \u202eecalevoL", "Ada 👩‍💻", '"Ada', "Lovelace, Ada"],
)
def test_a_hostile_name_passes_through_as_it_is(name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    assert people(HEADER + ADA.replace("Ada Lovelace", quoted))[0].name == name


def test_the_same_person_in_two_files_is_refused() -> None:
    with pytest.raises(
        MalformedEvidenceError, match=r"b\.csv, row 2: ada@.* stands in a\.csv, row 2 already"
    ):
        list(normalize([saved((HEADER + ADA).encode(), f"{name}.csv") for name in "ab"], []))


@given(st.binary(max_size=300), st.sampled_from(["people.csv", "people.yaml"]))
def test_any_bytes_give_people_or_say_what_is_wrong(body: bytes, file: str) -> None:
    for prefix in (b"", HEADER.encode()):
        with suppress(MalformedEvidenceError):
            assert people(prefix + body, file)


# --- doctor


def test_the_check_finds_what_a_run_would_find(tmp_path: Path) -> None:
    assert [found.problem for found in check(config(tmp_path))] == ["the file does not exist"]
    (tmp_path / "people.csv").write_text(HEADER + ADA.replace("employee", "intern"))
    (wrong,) = check(config(tmp_path))
    assert "row 2: employment is 'intern'" in wrong.problem
    assert wrong.remedy
    (tmp_path / "people.csv").write_text(HEADER + ADA)
    assert [found.problem for found in check(config(tmp_path))] == [""]
