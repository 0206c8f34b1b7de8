from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.vulns.feeds import FeedId, read_feeds
from auditwright.vulns.identity import (
    Clusters,
    Edge,
    IdKind,
    clustered,
    edges_of,
    expanded,
    kind_of,
    spelled,
)
from tests.vulns.published import published


def edges(*pairs: tuple[str, str]) -> list[Edge]:
    return [Edge(left=left, right=right, source="test") for left, right in pairs]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (" cve-2024-1234 ", "CVE-2024-1234"),
        ("UBUNTU-CVE-2024-1234", "CVE-2024-1234"),
        ("DEBIAN-CVE-2024-1234", "CVE-2024-1234"),
        ("ghsa-AAAA-bbbb-cccc", "GHSA-aaaa-bbbb-cccc"),
        ("npm:qs:20140806", "npm:qs:20140806"),
        ("   ", ""),
    ],
)
def test_an_id_has_one_spelling(said: str, expected: str) -> None:
    assert spelled(said) == expected


@pytest.mark.parametrize(
    ("id_", "kind"),
    [
        ("CVE-2024-1234", IdKind.CVE),
        ("GHSA-aaaa-bbbb-cccc", IdKind.IDENTITY),
        ("PYSEC-2024-1", IdKind.IDENTITY),
        ("RUSTSEC-2024-0001", IdKind.IDENTITY),
        ("GO-2024-0001", IdKind.IDENTITY),
        ("SNYK-JS-QS-3153490", IdKind.IDENTITY),
        ("ALAS-2024-1", IdKind.BUNDLE),
        ("ALAS2023-2024-500", IdKind.BUNDLE),
        ("RHSA-2024:0001", IdKind.BUNDLE),
        ("DSA-5000-1", IdKind.BUNDLE),
        ("USN-6000-1", IdKind.BUNDLE),
        ("ELSA-2024-1", IdKind.BUNDLE),
        ("SUSE-SU-2024:1-1", IdKind.BUNDLE),
        ("TEMP-0841856-B18BAF", IdKind.OTHER),
        ("CVE-20", IdKind.OTHER),
    ],
)
def test_an_id_names_one_vulnerability_or_an_advisory(id_: str, kind: IdKind) -> None:
    assert kind_of(id_) is kind


def test_identities_join_and_the_cve_leads() -> None:
    joined = clustered(
        edges(("GHSA-aaaa-bbbb-cccc", "CVE-2024-1000"), ("PYSEC-2024-1", "GHSA-aaaa-bbbb-cccc"))
    )
    assert joined.ids("PYSEC-2024-1") == ("CVE-2024-1000", "GHSA-aaaa-bbbb-cccc", "PYSEC-2024-1")


def test_an_advisory_joins_nothing() -> None:
    clusters = clustered(edges(("ALAS-2024-1", "CVE-2024-1000"), ("ALAS-2024-1", "CVE-2024-2000")))
    assert clusters.ids("CVE-2024-1000") == ("CVE-2024-1000",)


def test_an_id_with_two_cves_is_a_bundle() -> None:
    clusters = clustered(edges(("GO-2024-1", "CVE-2024-1000"), ("GO-2024-1", "CVE-2024-2000")))
    assert clusters.bundles == {"GO-2024-1"}
    assert clusters.ids("CVE-2024-1000") == ("CVE-2024-1000",)


def test_two_clusters_with_a_cve_each_are_kept_apart_and_that_is_said() -> None:
    clusters = clustered(
        edges(
            ("GHSA-aaaa-aaaa-aaaa", "CVE-2024-1000"),
            ("GHSA-bbbb-bbbb-bbbb", "CVE-2024-2000"),
            ("GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb"),
        )
    )
    assert clusters.ids("CVE-2024-1000") == ("CVE-2024-1000", "GHSA-aaaa-aaaa-aaaa")
    (refused,) = clusters.refused
    assert {refused.left, refused.right} == {"GHSA-aaaa-aaaa-aaaa", "GHSA-bbbb-bbbb-bbbb"}


def test_a_bundle_stands_for_its_cves_and_without_any_for_itself() -> None:
    clusters = clustered(edges(("GHSA-aaaa-aaaa-aaaa", "CVE-2024-1000")))
    assert expanded("ALAS-2024-1", ["GHSA-aaaa-aaaa-aaaa", "CVE-2024-2000"], clusters) == ("CVE-2024-2000",)
    assert expanded("ALAS-2024-1", ["GHSA-aaaa-aaaa-aaaa"], clusters) == ("CVE-2024-1000",)
    assert expanded("ALAS-2024-1", ["CVE-2024-1000", "CVE-2024-2000"], clusters) == (
        "CVE-2024-1000",
        "CVE-2024-2000",
    )
    assert expanded("ALAS-2024-2", [], clusters) == ("ALAS-2024-2",)


IDS = st.sampled_from(
    [
        "CVE-2024-1000",
        "CVE-2024-2000",
        "CVE-2024-3000",
        "GHSA-aaaa-aaaa-aaaa",
        "GHSA-bbbb-bbbb-bbbb",
        "GO-2024-1",
        "PYSEC-2024-1",
        "ALAS-2024-1",
        "RHSA-2024:1",
        "ODD-1",
    ]
)


def all_clusters(clusters: Clusters, ids: set[str]) -> set[tuple[str, ...]]:
    return {clusters.ids(id_) for id_ in ids}


@given(st.lists(st.tuples(IDS, IDS), max_size=20), st.randoms())
def test_clusters_do_not_depend_on_the_order_of_edges(pairs: list[tuple[str, str]], random: Random) -> None:
    shuffled = [(right, left) for left, right in pairs]
    random.shuffle(shuffled)
    ids = {id_ for pair in pairs for id_ in pair}
    assert all_clusters(clustered(edges(*pairs)), ids) == all_clusters(clustered(edges(*shuffled)), ids)


@given(st.lists(st.tuples(IDS, IDS), max_size=20))
def test_no_cluster_owns_two_cves_and_none_holds_an_advisory(pairs: list[tuple[str, str]]) -> None:
    clusters = clustered(edges(*pairs))
    for cluster in all_clusters(clusters, {id_ for pair in pairs for id_ in pair}):
        assert sum(kind_of(id_) is IdKind.CVE for id_ in cluster) <= 1
        assert len(cluster) == 1 or all(kind_of(id_) in {IdKind.CVE, IdKind.IDENTITY} for id_ in cluster)


def test_the_published_alias_table_merges_no_two_cves() -> None:
    body = published("alias", "osv-aliases.csv").read_bytes()
    aliases = read_feeds({FeedId.ALIASES: (body, "")}).aliases
    clusters = clustered(edges_of(aliases))
    ids = {spelled(id_) for alias in aliases for id_ in (alias.id, alias.alias)}
    wrongly = [c for c in all_clusters(clusters, ids) if sum(kind_of(id_) is IdKind.CVE for id_ in c) > 1]
    assert wrongly == []
    assert len(clusters.refused) > 0, "the table has ids whose sources disagree"
