"""Real servers, each started once a session when a test first asks: the AWS emulator, PostgreSQL, S3."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from hypothesis import settings

from tests.postgres import Cluster, cluster
from tests.s3 import s3_server
from tests.simulators.aws_proxy import AwsProxy, aws_proxy

LONGEST_FIRST = (
    "web/test_every_page.py",
    "app/test_refusals.py",
    "web/test_hostile_everywhere.py",
    "app/test_demo.py",
    "app/test_backup.py",
    "web/test_api_schema.py",
    "web/test_every_route.py",
    "web/test_story.py",
    "vulns/test_published_pairs.py",
    "access/test_evaluator_model.py",
    "app/test_run.py",
)
"""Files that take long: two processes end together where neither begins the longest file last."""

START = """
import logging, time
logging.getLogger("werkzeug").setLevel(logging.ERROR)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
while True:
    time.sleep(3600)
"""

# A property holds or does not, however busy the machine is: tests do not time.
settings.register_profile("auditwright", deadline=None)
settings.load_profile("auditwright")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order files, and nothing within them."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """The URL of the emulator of this session."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", START],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url.startswith("http://"), "the emulator did not start"
        yield url
    finally:
        server.terminate()
        server.wait(timeout=10)
        assert server.stdout is not None
        server.stdout.close()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty emulator with credentials in the environment; gives its URL, for `endpoint_url`."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-of-the-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with urlopen(Request(f"{moto_url}/moto-api/reset", method="POST")) as answer:  # noqa: S310
        assert answer.status == 200
    return moto_url


@pytest.fixture
def proxy(aws: str) -> Iterator[AwsProxy]:
    """A proxy in front of the emulator that can refuse, throttle, hang and break."""
    with aws_proxy(aws) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    with cluster() as running:
        yield running


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    credentials = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in credentials}
    os.environ.update(credentials)
    with s3_server() as endpoint:
        yield endpoint
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
