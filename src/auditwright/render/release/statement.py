"""A release report as an in-toto statement with the vulnerabilities predicate, version 0.2 (https://in-toto.io), to be signed in a DSSE envelope."""

import json

from auditwright import __version__
from auditwright.core.log import iso
from auditwright.vulns.release import ReleaseReport

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/vulns/v0.2"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


def statement(report: ReleaseReport, files: dict[str, str]) -> bytes:
    """The statement as JSON. `files` are the SHA-256 of every file of the report by name: a signature over it covers them all.

    The subjects are the images that were scanned, by digest, and the files.
    """
    images = [
        {"name": target.name, "digest": {"sha256": digest.removeprefix("sha256:")}}
        for target in report.targets
        for digest in (*target.manifest_digests, target.config_digest)
        if digest.startswith("sha256:")
    ]
    subjects = [
        *images,
        *({"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(files.items())),
    ]
    document = {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "scanner": {
                "uri": f"pkg:pypi/auditwright@{__version__}",
                "version": report.table,
                "db": {"lastUpdate": _database(report)},
                "result": [
                    {
                        "id": each.triaged.issue.id,
                        "severity": [
                            {"method": "auditwright", "score": str(each.triaged.severity)},
                            *_scores(each.triaged.score),
                        ],
                        "annotations": [
                            {
                                "package": each.triaged.issue.family.name,
                                "line": each.triaged.issue.line.name,
                                "group": str(each.group),
                                "change": str(each.change),
                            }
                        ],
                    }
                    for each in report.issues
                ],
            },
            "metadata": {"scanStartedOn": iso(report.made_at), "scanFinishedOn": iso(report.made_at)},
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _scores(score: float | None) -> list[dict[str, str]]:
    return [] if score is None else [{"method": "CVSS_BASE", "score": f"{score:.1f}"}]


def _database(report: ReleaseReport) -> str:
    return max((source.database for source in report.sources), default="")
