"""Which ids mean the same vulnerability.

1. An id is of a kind: an **identity** names one vulnerability (CVE, GHSA, GO, PYSEC, …), a **bundle** is an advisory that fixes
   several (ALAS, RHSA, DSA, USN, …). An id that calls more than one CVE its own is a bundle too, whatever its prefix.
2. Only an edge between two identities joins. What a tool calls "related" to an advisory joins nothing.
3. Two clusters that each own a CVE are never joined: one of the sources is wrong, and a wrong join hides a vulnerability.
   The refusal is recorded.
4. A bundle that a row leads with stands for its CVEs; without any, for itself.
5. Edges are taken in one order, so that the result does not depend on the order of files and rows.

Joining on every relation wrongly merges thousands of CVEs; `tests/vulns` holds how few this one does.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from auditwright.vulns.feeds import Alias
from auditwright.vulns.issue import RefusedJoin


class IdKind(StrEnum):
    """What an id names."""

    CVE = "cve"
    IDENTITY = "identity"
    """One vulnerability, under another name."""
    BUNDLE = "bundle"
    """An advisory."""
    OTHER = "other"
    """A scheme that is not known: it names itself, and joins nothing."""


_IDENTITIES = re.compile(
    r"(GHSA|GO|PYSEC|RUSTSEC|SNYK|NSWG|MAL|GMS|HSEC|RSEC|EEF|PSF|BIT|OSV|ROOT|V8|LBSEC|ELA-CVE|UBUNTU-CVE|DEBIAN-CVE)-\S+|npm:\S+:\d+",
    re.IGNORECASE,
)
_BUNDLES = re.compile(
    r"(ALAS\w*|RHSA|RHBA|RHEA|ELSA|ELBA|ELEA|DSA|DLA|DTSA|ELA|USN|LSN|SUSE|OPENSUSE|GLSA|AVG|ASA|FEDORA|MGASA|ALSA|ALBA|ALEA|RLSA|"
    r"RLBA|RLEA|RXSA|CGA|CLEANSTART|MINI|OESA|ALPINE|PHSA|VMSA|CESA|KB)[-:0-9]\S*",
    re.IGNORECASE,
)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
_VENDOR_CVE = re.compile(
    r"(?:UBUNTU|DEBIAN|ALPINE|BIT-[a-z-]+|ROOT-[A-Z-]+?)-(CVE-\d{4}-\d{4,})", re.IGNORECASE
)
"""A distribution's page about one CVE (OSV): the CVE itself."""


def spelled(said: str) -> str:
    """An id in its one spelling: `cve-2020-1234` and `UBUNTU-CVE-2020-1234` are CVE-2020-1234; empty for a blank one."""
    text = said.strip()
    vendor = _VENDOR_CVE.fullmatch(text)
    if vendor is not None:
        return vendor[1].upper()
    if text[:5].upper() == "GHSA-":
        return f"GHSA-{text[5:].lower()}"
    return text if text[:4].lower() == "npm:" else text.upper()


def kind_of(id_: str) -> IdKind:
    """The kind of an id in its one spelling."""
    if _CVE.fullmatch(id_):
        return IdKind.CVE
    if _BUNDLES.fullmatch(id_):
        return IdKind.BUNDLE
    return IdKind.IDENTITY if _IDENTITIES.fullmatch(id_) else IdKind.OTHER


def is_identity(id_: str) -> bool:
    """True for an id that names one vulnerability by its scheme."""
    kind = kind_of(id_)
    return kind is IdKind.CVE or kind is IdKind.IDENTITY


def leading(ids: Iterable[str]) -> tuple[str, ...]:
    """The ids of a cluster, the leading one first: a CVE, then GHSA, then the rest by name."""
    return tuple(
        sorted(ids, key=lambda id_: (kind_of(id_) is not IdKind.CVE, not id_.startswith("GHSA-"), id_))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Somebody calls two ids the same."""

    left: str
    right: str
    source: str


@dataclass(slots=True)
class Clusters:
    """Ids that mean the same, joined by union-find."""

    _parent: dict[str, str] = field(default_factory=dict)
    """Of each id that was joined to another; a root is its own."""
    _cve: dict[str, str] = field(default_factory=dict)
    """Of each root that owns a CVE, which."""
    _members: dict[str, set[str]] = field(default_factory=dict)
    refused: list[RefusedJoin] = field(default_factory=list)
    bundles: set[str] = field(default_factory=set)
    """Ids of an identity's scheme that call more than one CVE their own."""

    def ids(self, id_: str) -> tuple[str, ...]:
        """The cluster of an id, the leading one first."""
        if id_ not in self._parent:
            return (id_,)
        return leading(self._members[self._root(id_)])

    def leading(self, id_: str) -> str:
        """The leading id of the cluster of an id."""
        return self.ids(id_)[0] if id_ in self._parent else id_

    def _root(self, id_: str) -> str:
        parent = self._parent
        root = id_
        while (above := parent.get(root, root)) != root:
            root = above
        while parent.get(id_, id_) != root:
            parent[id_], id_ = root, parent[id_]
        return root

    def join(self, edge: Edge) -> None:
        """Join two ids, or record why not."""
        left, right = self._root(edge.left), self._root(edge.right)
        if left == right:
            return
        cves = {cve for root in (left, right) if (cve := self._owned(root))}
        if len(cves) > 1:
            # (3) One of the sources is wrong, and nobody here knows which.
            self.refused.append(RefusedJoin(source=edge.source, left=edge.left, right=edge.right))
            return
        keep, gone = min(left, right), max(left, right)
        self._parent[gone] = self._parent[keep] = keep
        self._members[keep] = self._members.get(keep, {keep}) | self._members.pop(gone, {gone})
        if cves:
            self._cve[keep] = cves.pop()

    def _owned(self, root: str) -> str:
        return self._cve.get(root) or (root if kind_of(root) is IdKind.CVE else "")


def clustered(edges: Iterable[Edge]) -> Clusters:
    """The clusters of all edges, whatever their order."""
    joining = {
        (min(edge.left, edge.right), max(edge.left, edge.right), edge.source): edge
        for edge in edges
        if edge.left
        and edge.right
        and edge.left != edge.right
        and is_identity(edge.left)
        and is_identity(edge.right)
    }
    cves: dict[str, set[str]] = {}
    for edge in joining.values():
        for one, other in ((edge.left, edge.right), (edge.right, edge.left)):
            if kind_of(other) is IdKind.CVE and kind_of(one) is not IdKind.CVE:
                cves.setdefault(one, set()).add(other)
    clusters = Clusters()
    clusters.bundles = {id_ for id_, owned in cves.items() if len(owned) > 1}  # (1)
    for _, edge in sorted(joining.items()):  # (5)
        if edge.left not in clusters.bundles and edge.right not in clusters.bundles:
            clusters.join(edge)
    clusters.refused = list(dict.fromkeys(clusters.refused))
    return clusters


_SAME = frozenset({"aliases", "alias", ""})
"""Kinds of an alias table that call two ids the same; others relate them (`related`, `upstream`)."""


def edges_of(aliases: Iterable[Alias]) -> Iterable[Edge]:
    """The edges of an alias table: what is withdrawn or merely related is left out."""
    for alias in aliases:
        if not alias.withdrawn and alias.kind.strip().lower() in _SAME:
            yield Edge(left=spelled(alias.id), right=spelled(alias.alias), source=alias.source)


UNNAMED = "unnamed"
"""A row that gives no id is shown all the same."""


def expanded(primary: str, others: Iterable[str], clusters: Clusters) -> tuple[str, ...]:
    """The leading ids of the clusters that a row is about: one, or one for each CVE of a bundle, each once.

    `others` are all other ids of the row, aliases first. A row that leads with no id is about those.
    """
    if is_identity(primary) and primary not in clusters.bundles:
        return (clusters.leading(primary),)
    # (4) A bundle stands for its CVEs, or for itself.
    named = [id_ for id_ in others if is_identity(id_) and id_ not in clusters.bundles]
    cves = [id_ for id_ in named if kind_of(id_) is IdKind.CVE]
    return tuple(dict.fromkeys(map(clusters.leading, cves or named))) or (primary or UNNAMED,)
