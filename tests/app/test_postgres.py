"""The whole path with the records and the jobs in a real PostgreSQL."""

from pathlib import Path

from tests.app.programs import ROSTER, SETTINGS, auditwright
from tests.postgres import Cluster


def test_a_run_a_second_run_and_a_verified_package_on_postgresql(tmp_path: Path, postgres: Cluster) -> None:
    program = tmp_path / "acme"
    program.mkdir()
    (program / "auditwright.toml").write_text(SETTINGS)
    (program / "people.csv").write_text(ROSTER)
    env = {"AUDITWRIGHT_DATABASE_URL": postgres.new_database()}
    assert auditwright("init", program, env=env).code == 0
    for _ in range(2):
        ran = auditwright("run", "--program", program, "--json", env=env)
        assert ran.code == 3, ran.err
        assert ran.json["evidence"] == 1
    assert not list((program / ".auditwright").glob("*.db"))
    package = tmp_path / "package"
    assert auditwright("export", package, "--program", program, env=env).code == 0
    assert auditwright("verify", package).code == 0
    # Without the setting, nothing else is quietly begun.
    lost = auditwright("status", "--program", program)
    assert lost.code == 2
    assert "auditwright init" in lost.err
