"""Feeds: taken in from a file or from their publisher, and kept as evidence before anything is read out of them."""

import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditwright import __version__
from auditwright.app.errors import AppError
from auditwright.app.vulns.kept import Kept, feeds_from, keep_all
from auditwright.app.workspace import Workspace
from auditwright.core.evidence import digest_of
from auditwright.integrations.vulnerabilities import FEEDS
from auditwright.vulns.feeds import FEED_TITLES, FeedFile, FeedId

PUBLISHERS: Mapping[FeedId, str] = {
    FeedId.KEV: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    FeedId.EPSS: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
}
"""Where a feed is one public file. The others are collections, which an organization makes a table of; the program names its address."""

MAX_FEED_BYTES = 256 << 20
"""The largest, every EPSS score, has some 12 MB unpacked."""

TIMEOUT_S = 60


def import_feed(workspace: Workspace, feed: FeedId, file: Path, *, now: datetime) -> FeedFile:
    """Keep a feed from a file; raises AppError and then keeps nothing."""
    try:
        if file.stat().st_size > MAX_FEED_BYTES:
            raise AppError(f"{file} is larger than any feed; at most {MAX_FEED_BYTES:,} bytes are read")
        body = file.read_bytes()
    except OSError as error:
        raise AppError(f"{file} cannot be read: {error.strerror}") from None
    return _kept(workspace, feed, _Got(body=body), now=now)


def update_feeds(workspace: Workspace, feeds: Sequence[FeedId], *, now: datetime) -> Iterator[FeedFile]:
    """Download feeds and keep them, one after the other; raises AppError, and what was kept before stays."""
    addresses = {
        **PUBLISHERS,
        **{FeedId(name): url for name, url in workspace.program.vulnerabilities.feeds.items()},
    }
    for feed in feeds or addresses:
        if feed not in addresses:
            raise AppError(
                f"{FEED_TITLES[feed]}: there is no one public file of it. Name an address in auditwright.toml, "
                f'[vulnerabilities.feeds] {feed} = "https://…", or take a file in: auditwright vulns feeds import {feed} FILE'
            )
        yield _kept(workspace, feed, _downloaded(addresses[feed]), now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Got:
    """The bytes of a feed, and where they were downloaded from."""

    body: bytes
    address: str = ""


def _kept(workspace: Workspace, feed: FeedId, got: _Got, *, now: datetime) -> FeedFile:
    plain = _plain(feed, got.body)
    held = feeds_from({feed: (plain, digest_of(plain))}).files[feed]
    effective_at = min(held.as_of or now, now)
    keep_all(
        workspace,
        [Kept(stream=FEEDS, account=feed, body=plain, effective_at=effective_at, command=got.address)],
        now=now,
    )
    return held


def _plain(feed: FeedId, body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpack = zlib.decompressobj(wbits=31)
    try:
        plain = unpack.decompress(body, MAX_FEED_BYTES)
    except zlib.error as error:
        raise AppError(f"{feed}: the file is no whole gzip file: {error}") from None
    if not unpack.eof:
        raise AppError(f"{feed}: the gzip file is cut off, or unpacks to more than {MAX_FEED_BYTES:,} bytes")
    return plain


def _downloaded(address: str) -> _Got:
    request = urllib.request.Request(address, headers={"User-Agent": f"auditwright/{__version__}"})  # noqa: S310  # the program's own address
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  # http and https only, checked where it is read
            body: bytes = answer.read(MAX_FEED_BYTES + 1)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise AppError(
            f"{address} could not be downloaded: {error}; download it yourself and use `vulns feeds import`"
        ) from None
    if len(body) > MAX_FEED_BYTES:
        raise AppError(f"{address} is larger than any feed; at most {MAX_FEED_BYTES:,} bytes are read")
    return _Got(body=body, address=address)
