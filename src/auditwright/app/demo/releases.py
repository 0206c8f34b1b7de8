"""The demo's releases: real reports of scanners about public images, published as the company's pipeline would.

The first is dated five weeks back and the second one back, so that clocks have run and a deadline has passed.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

from auditwright.app.vulns.feeding import import_feed
from auditwright.app.vulns.releasing import Released, ReleaseOrder, release
from auditwright.app.workspace import Workspace
from auditwright.vulns.feeds import FeedId

FEEDS: Final = {FeedId.KEV: "kev.csv.gz", FeedId.SSVC: "ssvc.csv", FeedId.ALIASES: "aliases.csv"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRelease:
    """A release of the company, and how long ago it was."""

    name: str
    days_ago: int


RELEASES: Final = (DemoRelease(name="2026.11.1", days_ago=35), DemoRelease(name="2026.11.2", days_ago=7))
UNREPORTED: Final = DemoRelease(name="2026.11.1-hotfix.1", days_ago=16)
"""The night of the incident: tagged, and never scanned."""


def publish(workspace: Workspace, out: Path, *, now: datetime) -> Iterator[Released]:
    """Publish each release's report in a folder of its name under `out`."""
    scans = out / "scans"
    _unpack(scans)
    first = now - timedelta(days=RELEASES[0].days_ago)
    for feed, name in FEEDS.items():
        import_feed(workspace, feed, scans / name, now=first)
    for each in RELEASES:
        reports = tuple(sorted(scans.glob(f"{each.name}-*.json")))
        order = ReleaseOrder(release=each.name, previous="", reports=reports, gates=())
        done = release(workspace, order, now=now - timedelta(days=each.days_ago))
        folder = out / each.name
        folder.mkdir(parents=True)
        for name, body in done.files.items():
            (folder / name).write_bytes(body)
        yield done


def _unpack(scans: Path) -> None:
    """The reports as the scanners wrote them, for whoever wants to look at them or merge them again."""
    scans.mkdir(parents=True)
    for file in resources.files("auditwright.app.demo.scans").iterdir():
        if file.name.endswith(".json.gz"):
            (scans / file.name.removesuffix(".gz")).write_bytes(gzip.decompress(file.read_bytes()))
        elif file.name.endswith((".csv", ".csv.gz", ".md")):
            (scans / file.name).write_bytes(file.read_bytes())
