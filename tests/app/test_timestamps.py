"""Checkpoints stamped by a real authority (the openssl command behind HTTP), and what happens when it is silent."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.app.programs import auditwright, roster_program
from tests.sign.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "tsa"
    folder.mkdir()
    real = Authority(folder=folder)
    real.create()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = real.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", folder / "ca.pem"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def stamped_program(folder: Path, url: str, roots: Path) -> Path:
    program = roster_program(folder)
    (program / "tsa.pem").write_bytes(roots.read_bytes())
    settings = program / "auditwright.toml"
    settings.write_text(
        f'{settings.read_text()}\n[log]\ntimestamp_url = "{url}"\ntimestamp_roots = "tsa.pem"\n'
    )
    return program


def test_a_package_carries_the_stamp_and_its_holder_can_check_it(
    tmp_path: Path, authority: tuple[str, Path]
) -> None:
    url, roots = authority
    program = stamped_program(tmp_path / "acme", url, roots)
    # The first checkpoint of the day, made by `run`, is the one that is stamped.
    assert auditwright("run", "--program", program).code == 3
    package = tmp_path / "package.zip"
    assert auditwright("export", package, "--program", program).code == 0
    checked = auditwright("verify", package, "--timestamp-roots", roots)
    assert checked.code == 0, checked.out
    assert "the authority saw it at" in checked.out
    other = Authority(folder=tmp_path)
    other.create()
    refused = auditwright("verify", package, "--timestamp-roots", tmp_path / "ca.pem")
    assert refused.code == 1
    assert "DOES NOT HOLD" in refused.out


def test_a_silent_authority_is_said_and_stops_no_run(tmp_path: Path, authority: tuple[str, Path]) -> None:
    _, roots = authority
    program = stamped_program(tmp_path / "acme", "http://127.0.0.1:9/", roots)
    ran = auditwright("run", "--program", program)
    assert ran.code == 3
    assert "signed without a time stamp" in ran.err
