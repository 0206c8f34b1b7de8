"""A fuzzer of every reader, guided by what of their code it reaches. Run by `test_fuzz.py`, as a program: it ends its process.

Usage: fuzz.py RUNS
"""

import sys

import atheris

with atheris.instrument_imports(include=["auditwright.vulns.readers"]):
    from auditwright.vulns.readers import UnreadableReportError, as_utf8, readers

SEEDS = (
    b'{"matches": [\n {"vulnerability": {"id": "CVE-2024-1"}, "artifact": {"name": "a"}}\n]}',
    b'{"SchemaVersion": 2, "Results": [{"Vulnerabilities": [{"VulnerabilityID": "CVE-2024-1", "PkgName": "a"}]}]}',
    b'{"findings": [{"packageVulnerabilityDetails": {"vulnerabilityId": "CVE-2024-1", "vulnerablePackages": [{"name": "a"}]}}]}',
    b'<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components><component><name>a</name></component></components></bom>',
    b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [\n {"type": "software_Package", "spdxId": "a"}\n]}',
    b"vulnerability id,resource id,affected packages\nCVE-2024-1,i,a\n",
)


def one(data: bytes) -> None:
    """Any bytes are read or refused, by each reader; whatever else happens ends the fuzzer."""
    for body in (data, SEEDS[data[0] % len(SEEDS)][: len(data)] + data if data else data):
        for reader in readers():
            try:
                reader.read(as_utf8(body))
            except UnreadableReportError:
                continue


def main() -> None:
    """Fuzz for a number of runs, always in the same way."""
    atheris.Setup([sys.argv[0], f"-runs={int(sys.argv[1])}", "-seed=1", "-max_len=2048", "-timeout=20"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
