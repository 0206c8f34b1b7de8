"""The oldest TLS version that each security policy of Elastic Load Balancing admits.

Source: the tables "Protocols by policy" of "Security policies for your Application Load Balancer" and
"... for your Network Load Balancer" in AWS's Elastic Load Balancing guides, as of 2026-11. The policies
cannot be changed by customers, and AWS gives a changed one a new name. A name that is missing here is
unknown, never assumed to be good: add it from those tables.
"""

_PREFIX = "ELBSecurityPolicy-"

_BY_OLDEST_VERSION = {
    "1.3": """
        TLS13-1-3-2021-06 TLS13-1-3-PQ-2025-09
        TLS13-1-3-FIPS-2023-04 TLS13-1-3-FIPS-PQ-2025-09
        TLS13-1-3-RFC9151-FIPS-2023-07
    """,
    "1.2": """
        TLS13-1-2-2021-06 TLS13-1-2-PQ-2025-09
        TLS13-1-2-Res-2021-06 TLS13-1-2-Res-PQ-2025-09
        TLS13-1-2-Ext1-2021-06 TLS13-1-2-Ext1-PQ-2025-09
        TLS13-1-2-Ext2-2021-06 TLS13-1-2-Ext2-PQ-2025-09
        TLS13-1-2-FIPS-2023-04 TLS13-1-2-FIPS-PQ-2025-09
        TLS13-1-2-Res-FIPS-2023-04 TLS13-1-2-Res-FIPS-PQ-2025-09
        TLS13-1-2-Ext0-FIPS-2023-04 TLS13-1-2-Ext0-FIPS-PQ-2025-09
        TLS13-1-2-Ext1-FIPS-2023-04 TLS13-1-2-Ext1-FIPS-PQ-2025-09
        TLS13-1-2-Ext2-FIPS-2023-04 TLS13-1-2-Ext2-FIPS-PQ-2025-09
        TLS13-1-2-RFC9151-FIPS-2023-07 TLS13-1-2-Ext0-RFC9151-FIPS-2023-07
        TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07 TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07
        TLS13-1-2-RFC9151-INTEROP3-FIPS-2023-07 TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07
        TLS-1-2-2017-01 TLS-1-2-Ext-2018-06
        FS-1-2-2019-08 FS-1-2-Res-2019-08 FS-1-2-Res-2020-10
    """,
    "1.1": """
        TLS13-1-1-2021-06 TLS13-1-1-FIPS-2023-04 TLS-1-1-2017-01 FS-1-1-2019-08
    """,
    "1.0": """
        TLS13-1-0-2021-06 TLS13-1-0-PQ-2025-09
        TLS13-1-0-FIPS-2023-04 TLS13-1-0-FIPS-PQ-2025-09
        FS-2018-06 2016-08 2015-05 TLS-1-0-2015-04
    """,
}

OLDEST_TLS = {
    _PREFIX + name: version for version, names in _BY_OLDEST_VERSION.items() for name in names.split()
}
"""The oldest TLS version by the policy's full name."""

GOOD_ENOUGH = frozenset({"1.2", "1.3"})
"""RFC 8996 retired TLS 1.0 and 1.1."""
