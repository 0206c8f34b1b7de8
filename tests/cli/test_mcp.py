"""The server for assistants, as an assistant runs it: a process that is asked and answers a line at a time."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from auditwright.app.assistant import tools
from auditwright.app.mcp import PROTOCOL
from tests.app.programs import auditwright, roster_program

Json = Any


class Assistant:
    """One process, asked in turn."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from auditwright.cli.main import main; main()",
                "mcp",
                "--program",
                folder,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._id = 0

    def raw(self, line: str) -> Json:
        """What a line is answered with."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def ask(self, method: str, **params: Json) -> Json:
        """The answer to a request."""
        self._id += 1
        answer = self.raw(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}))
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", self._id)
        return answer

    def call(self, name: str, **arguments: Json) -> Json:
        """The result of a tool."""
        return self.ask("tools/call", name=name, arguments=arguments)["result"]

    def close(self) -> int:
        """End its input, which ends it."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        rest = self._process.stdout.read()
        assert rest == ""
        self._process.stdout.close()
        return self._process.wait(30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = roster_program(tmp_path_factory.mktemp("program") / "acme")
    ran = auditwright("run", "--program", made)
    assert ran.code in {1, 3}, ran.err
    return made


@pytest.fixture(scope="module")
def assistant(folder: Path) -> Iterator[Assistant]:
    running = Assistant(folder)
    yield running
    assert running.close() == 0


def test_it_greets_lists_its_tools_and_answers_a_ping(assistant: Assistant) -> None:
    greeted = assistant.ask("initialize", protocolVersion=PROTOCOL, capabilities={}, clientInfo={})["result"]
    assert greeted["protocolVersion"] == "2025-06-18"
    assert greeted["capabilities"] == {"tools": {"listChanged": False}}
    assert greeted["serverInfo"]["name"] == "auditwright"
    assert assistant.ask("ping")["result"] == {}
    listed = assistant.ask("tools/list")["result"]["tools"]
    assert [each["name"] for each in listed] == [tool.name for tool in tools()]
    assert all(each["annotations"]["readOnlyHint"] for each in listed)
    missing = next(each for each in listed if each["name"] == "what_is_missing")
    assert missing["inputSchema"]["required"] == ["criterion"]


def test_a_version_that_it_does_not_know_is_answered_by_its_own(assistant: Assistant) -> None:
    assert assistant.ask("initialize", protocolVersion="1999-01-01")["result"]["protocolVersion"] == PROTOCOL


def test_what_is_missing_names_controls_tests_and_why(assistant: Assistant) -> None:
    told = assistant.call("what_is_missing", criterion="CC6.1")
    fields = told["structuredContent"]
    assert (fields["criterion"], fields["status"]) == ("CC6.1", "undetermined")
    assert fields["run"].startswith("run-")
    tests = [test for control in fields["missing"] for test in control["tests"]]
    assert any(test["not_seen"] for test in tests)
    text = told["content"][0]["text"]
    assert text.startswith("CC6.1 (")
    assert f"As of {fields['as_of']}, by the run {fields['run']}." in text


def test_an_answer_cites_evidence_that_can_be_asked_for(assistant: Assistant) -> None:
    controls = assistant.call("what_is_missing", criterion="CC6.2")["structuredContent"]["missing"]
    tests = {test["test"] for control in controls for test in control["tests"]}
    items = [
        item for test in tests for item in assistant.call("test", test=test)["structuredContent"]["items"]
    ]
    digest = next(item["evidence"][0] for item in items if item["evidence"])
    told = assistant.call("evidence", digest=digest)
    assert told["structuredContent"]["collected"][0]["operation"]
    assert "ada@example.com" in told["structuredContent"]["content"]
    assert digest in told["content"][0]["text"]


def test_every_tool_answers_as_of_a_day_before_anything_was_known(assistant: Assistant) -> None:
    known = {"criterion": "CC6.1", "control": "IAM-02", "test": _some_test(assistant)}
    for tool in tools():
        if tool.name == "evidence":
            continue
        given = {name: known[name] for name in tool.required}
        told = assistant.call(tool.name, **given, as_of="2020-01-01")
        assert not told["isError"], told
        assert told["structuredContent"]["run"] is None
        assert told["structuredContent"]["as_of"].startswith("2020-01-01T23:59:59")


def _some_test(assistant: Assistant) -> str:
    tests = assistant.call("control", control="IAM-02")["structuredContent"]["tests"]
    return str(tests[0]["test"])


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("criterion", {"criterion": "CC99.9"}, "There is no criterion 'CC99.9' in scope."),
        ("control", {"control": "X"}, "There is no control 'X'."),
        ("test", {"test": "x"}, "There is no test 'x'."),
        ("evidence", {"digest": "0" * 64}, "No evidence has the digest"),
        ("evidence", {"digest": "../../etc/passwd"}, "No evidence has the digest"),
        ("findings", {"state": "x"}, "no state of findings"),
        ("overview", {"as_of": "yesterday"}, "is no day"),
    ],
)
def test_what_cannot_be_answered_is_a_result_that_says_so(
    assistant: Assistant, name: str, arguments: dict[str, str], says: str
) -> None:
    told = assistant.call(name, **arguments)
    assert told["isError"]
    assert says in told["content"][0]["text"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("{", -32700),
        ("[" * 100_000, -32700),
        ("[]", -32600),
        ("1", -32600),
        ("{}", -32600),
        ('{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        ('{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600),
        ('{"jsonrpc":"2.0","id":1}', -32600),
        ('{"jsonrpc":"2.0","id":1,"method":"resources/list"}', -32601),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call"}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete"}}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test"}}', -32602),
        ('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test","arguments":[]}}', -32602),
        (
            '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test","arguments":{"test":1}}}',
            -32602,
        ),
        (
            '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"findings","arguments":{"owner":"\\ud800"}}}',
            -32602,
        ),
        (
            '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"overview","arguments":{"x":"y"}}}',
            -32602,
        ),
        (f'{{"jsonrpc":"2.0","id":1,"method":"{"x" * 1_000_001}"}}', -32600),
    ],
)
def test_what_is_malformed_is_an_error_of_json_rpc(assistant: Assistant, line: str, code: int) -> None:
    answer = assistant.raw(line)
    assert answer["error"]["code"] == code
    assert len(answer["error"]["message"]) < 300
    assert assistant.ask("ping")["result"] == {}


def test_a_notification_is_answered_by_nothing(assistant: Assistant) -> None:
    notification = '{"jsonrpc":"2.0","method":"notifications/initialized"}'
    answer = assistant.raw(f'{notification}\n\n{{"jsonrpc":"2.0","id":"a","method":"ping"}}')
    assert answer == {"jsonrpc": "2.0", "id": "a", "result": {}}


def test_it_changes_nothing(folder: Path) -> None:
    before = kept(folder)
    running = Assistant(folder)
    for tool in ("overview", "findings", "verdicts"):
        running.call(tool)
    assert running.close() == 0
    assert kept(folder) == before


def kept(folder: Path) -> tuple[list[str], list[str]]:
    """Every row of the records, and the name of every other file."""
    state = folder / ".auditwright"
    with closing(sqlite3.connect(state / "records.db")) as records:
        rows = list(records.iterdump())
    names = [str(path) for path in state.rglob("*") if not path.name.startswith("records.db")]
    return rows, sorted(names)


def test_a_folder_that_is_no_program_is_said_as_every_command_does(tmp_path: Path) -> None:
    assert auditwright("mcp", "--program", tmp_path).code == 2
