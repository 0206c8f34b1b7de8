"""Labels of Grype's matches: `effective_cve` says which CVE a match is about, whatever id it leads with."""

import json

from auditwright.vulns.feeds import FeedId, read_feeds
from auditwright.vulns.identity import IdKind, clustered, edges_of, kind_of, spelled
from tests.vulns.published import published


def test_a_label_s_id_is_in_the_cluster_of_its_effective_cve() -> None:
    aliases = read_feeds({FeedId.ALIASES: (published("alias", "osv-aliases.csv").read_bytes(), "")}).aliases
    clusters = clustered(edges_of(aliases))
    agree = differ = unknown = 0
    seen: set[tuple[str, str]] = set()
    for line in published("labels", "labels.jsonl").read_text().splitlines():
        label = json.loads(line)
        id_, cve = spelled(label.get("vulnerability_id") or ""), spelled(label.get("effective_cve") or "")
        if kind_of(id_) is not IdKind.IDENTITY or kind_of(cve) is not IdKind.CVE or (id_, cve) in seen:
            continue
        seen.add((id_, cve))
        leading = clusters.ids(id_)[0]
        if leading == cve:
            agree += 1
        elif kind_of(leading) is IdKind.CVE:
            differ += 1
        else:
            unknown += 1
    assert agree > 0
    assert differ == 0, "an id was put with another CVE than the label says"
    assert unknown <= agree, "most ids of the labels are in the table"
