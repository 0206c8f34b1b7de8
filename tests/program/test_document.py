from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.program.document import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    MAX_INTEGER,
    Entry,
    ProgramError,
    read_toml,
    read_yaml,
)


def toml(text: str) -> Entry:
    return read_toml(text.encode(), file="a.toml")


def yaml(text: str) -> Entry:
    return read_yaml(text.encode(), file="a.yaml")


# --- what cannot be parsed


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a = 1\nb = \n", r"a\.toml:2: not valid TOML"),
        (b"a = 1\na = 2\n", r"a\.toml:2: not valid TOML: Cannot overwrite a value"),
        (b"[t]\n[t]\n", r"a\.toml:2: not valid TOML"),
        (b"a = 1\n\xff\n", r"a\.toml:2: not UTF-8; save the file as UTF-8"),
        (b"a = 2026-13-01\n", r"a\.toml:1: not valid TOML"),
        (b"a = " + b"[" * 50_000, r"a\.toml:1: not valid TOML"),
        (b"a = " + b"9" * 5_000, r"a\.toml:1: not valid TOML: .*digits"),
        (b"#" * (MAX_FILE_BYTES + 1), r"a\.toml:1: 10000001 bytes; a definition has at most 10000000"),
    ],
    ids=["no-value", "key-twice", "table-twice", "utf-8", "date", "deep", "digits", "huge"],
)
def test_toml_that_cannot_be_read_is_reported_with_its_line(body: bytes, said: str) -> None:
    with pytest.raises(ProgramError, match=f"^{said}"):
        read_toml(body, file="a.toml")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a: 1\n  b: 2\n", r"a\.yaml:2: not valid YAML: mapping values are not allowed here"),
        (b"a: 1\nb: 2\na: 3\n", r"a\.yaml:3: the key 'a' stands twice"),
        (b"a:\n\t- b\n", r"a\.yaml:2: not valid YAML"),
        (b"a: 1\n---\nb: 2\n", r"a\.yaml:2: not valid YAML: but found another document"),
        (b"a: 1\n\xff\n", r"a\.yaml:2: not UTF-8; save the file as UTF-8"),
        (b"a: 1\nb: 2026-13-01\n", r"a\.yaml:2: not valid YAML: '2026-13-01' is no timestamp"),
        (b"a: 2001-12-14t21:59:43.10-99:99\n", r"a\.yaml:1: .* is no timestamp"),
        (b"\n!!bool x\n", r"a\.yaml:2: not valid YAML: 'x' is no bool"),
        (b"!!int x\n", r"a\.yaml:1: not valid YAML: 'x' is no int"),
        (b"9" * 5_000, r"a\.yaml:1: not valid YAML: '9{80}… is no int".replace("'9{80}", "'9{79}")),
        (b"!!set a: b\n", r"a\.yaml:1: not valid YAML here: the tag tag:yaml.org,2002:set"),
        (b"a: !!binary YQ==\n", r"a\.yaml:1: not valid YAML here: the tag tag:yaml.org,2002:binary"),
        (b"a: !!python/name:os.system\n", r"a\.yaml:1: not valid YAML: could not determine a constructor"),
        (b"a:\n  <<: {b: 1}\n", r"a\.yaml:2: not valid YAML"),
        (b"? [a]\n: b\n", r"a\.yaml:1: every key must be a text"),
        (b"a: *b\n", r"a\.yaml:1: not valid YAML: found undefined alias"),
        (b'a: "\\0"\n', r"a\.yaml:1: a text holds a zero byte or half a character"),
        (b'a: "\\ud800"\n', r"a\.yaml:1: a text holds a zero byte"),
        (b"a: \x01\n", r"a\.yaml:1: not valid YAML"),
        (b"&a [*a]\n", r"a\.yaml:1: nested too deeply"),
        (b"a:\n - " + b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), r"a\.yaml:2: nested too deeply"),
        (b"[" * 50_000, r"a\.yaml:1: not valid YAML"),
        (BOMB.encode(), r"a\.yaml:1: nested too deeply, or too large once its aliases are expanded"),
        (b"#" * (MAX_FILE_BYTES + 1), r"a\.yaml:1: 10000001 bytes"),
    ],
    ids=lambda value: value.decode(errors="replace")[:14].strip() if isinstance(value, bytes) else "",
)
def test_yaml_that_cannot_be_read_is_reported_with_its_line(body: bytes, said: str) -> None:
    with pytest.raises(ProgramError, match=f"^{said}"):
        read_yaml(body, file="a.yaml")


def test_an_alias_that_is_used_a_few_times_is_read() -> None:
    assert yaml("a: &a [x]\nb: *a\nc: *a\n").value == {"a": ["x"], "b": ["x"], "c": ["x"]}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read_yaml("a: 1\n".encode("utf-8-sig"), file="a.yaml").value == {"a": 1}
    assert read_toml("a = 1\n".encode("utf-8-sig"), file="a.toml").value == {"a": 1}


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_read_or_reported_with_their_file(body: bytes) -> None:
    for read, file in ((read_toml, "a.toml"), (read_yaml, "a.yaml")):
        try:
            said = str(read(body, file=file).error("x"))
        except ProgramError as error:
            said = str(error)
        assert said.startswith(f"{file}:")


# --- lines


def test_a_value_of_toml_knows_its_line() -> None:
    document = toml(
        'top = 1\n\n["a b".c]\nd.e = 2\n\'f\' = """\ntext\n[not.a.table]\n"""\n'
        "g = 3\n[[list]]\nx = 1\n\n[[list]]\ny = 2\n[h] # comment\ni = 4\n"
    ).document
    lines = {
        ("top",): 1,
        ("a b", "c"): 3,
        ("a b", "c", "d", "e"): 4,
        ("a b", "c", "f"): 5,
        ("a b", "c", "g"): 9,
        ("list", 0, "x"): 11,
        ("list", 1, "y"): 14,
        ("h",): 15,
        ("h", "i"): 16,
        ("h", "nowhere", "deeper"): 15,
    }
    assert {path: document.line(path) for path in lines} == lines


def test_a_value_of_yaml_knows_its_line() -> None:
    document = yaml("a: 1\nb:\n  - c: 2\n    d: 3\n  - e\n").document
    lines = {("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 0, "d"): 4, ("b", 1): 5, ("zzz",): 1}
    assert {path: document.line(path) for path in lines} == lines


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)


@given(
    st.dictionaries(
        names, st.dictionaries(names, st.integers(), min_size=1, max_size=3), min_size=1, max_size=3
    )
)
def test_every_key_that_is_written_is_found_on_its_line(tables: dict[str, dict[str, int]]) -> None:
    as_toml: list[str] = []
    as_yaml: list[str] = []
    expected: dict[tuple[str, str], int] = {}
    for table, members in tables.items():
        as_toml.append(f"[{table}]")
        as_yaml.append(f"{table!r}:")
        for name, value in members.items():
            as_toml.append(f"{name} = {value}")
            as_yaml.append(f"  {name!r}: {value}")
            expected[table, name] = len(as_toml)
    for read in (toml("\n".join(as_toml)), yaml("\n".join(as_yaml))):
        assert read.value == tables
        assert {path: read.document.line(path) for path in expected} == expected


# --- reading one value


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        ("text", "7", "expected a text, found 7"),
        ("text", "' '", "expected a text, found ' '"),
        ("integer", "true", "expected a whole number, found True"),
        ("integer", "1.5", "expected a whole number, found 1.5"),
        ("integer", str(MAX_INTEGER + 1), f"expected a whole number of at most {MAX_INTEGER}"),
        ("integer", "0x" + "f" * 5_000, "found a number of thousands of digits"),
        ("flag", "'yes'", "expected true or false, found 'yes'"),
        ("day", "'2026-13-01'", "expected a date such as 2026-11-23, found '2026-13-01'"),
        ("day", "2026-01-01T00:00:00Z", "expected a "),
        ("day", "20260101", "expected a "),
        ("moment", "'tomorrow'", "expected a date or a time such as"),
        ("moment", "7", "expected a "),
        ("items", "x", "expected a list, found 'x'"),
        ("texts", "[a, a]", "the list names one entry twice"),
        ("texts", "[a, 1]", "expected a text, found 1"),
        ("fields", "[a]", "expected a table of keys and values, found"),
        ("fields", "{1: a}", "every key must be a text"),
        ("text", "[" + "x, " * 100 + "x]", "…"),
    ],
)
def test_a_value_of_another_type_is_shown_with_its_place(read: str, value: str, said: str) -> None:
    entry = yaml(f"\nvalue: {value}\n").fields().required("value")
    with pytest.raises(ProgramError) as refused:
        getattr(entry, read)()
    assert str(refused.value).startswith("a.yaml:2: value")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 250


def test_values_are_read_as_their_types() -> None:
    fields = yaml(
        "text: ' x '\nnumber: 7\nflag: false\nday: 2026-11-23\nquoted: '2026-11-23'\n"
        "moment: 2026-11-23T14:00:00+02:00\nlocal: 2026-11-23T14:00:00\ntexts: [a, b]\n"
    ).fields()
    assert fields.required("text").text() == "x"
    assert fields.required("number").integer() == 7
    assert fields.required("flag").flag() is False
    assert fields.required("day").day() == fields.required("quoted").day() == date(2026, 11, 23)
    assert fields.required("moment").moment() == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert fields.required("local").moment() == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert fields.required("day").moment() == datetime(2026, 11, 23, tzinfo=UTC)
    assert fields.required("texts").texts() == ("a", "b")
    assert fields.optional("missing") is None


def test_a_misspelled_key_is_answered_with_the_one_that_was_meant() -> None:
    fields = yaml("organisation: x\n").fields()
    with pytest.raises(
        ProgramError, match=r"a\.yaml:1: organisation: unknown key; did you mean 'organization'"
    ):
        fields.only("organization", "scope")
    with pytest.raises(ProgramError, match=r"unknown key; known are zzz"):
        fields.only("zzz")
    with pytest.raises(ProgramError, match=r"a\.yaml:1: the key 'scope' is missing"):
        fields.required("scope")


@given(st.text(max_size=40), st.sampled_from(["text", "integer", "flag", "day", "moment", "items", "fields"]))
def test_any_text_is_read_or_refused_at_its_place(text: str, read: str) -> None:
    entry = Entry(document=yaml("a: 1\n").document, path=("a",), value=text)
    said = ""
    try:
        getattr(entry, read)()
    except ProgramError as error:
        said = str(error)
    assert said.startswith("a.yaml:1: a: expected ") or (not said and read in {"text", "day", "moment"})
