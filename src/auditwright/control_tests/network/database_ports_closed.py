"""Ports of databases from the internet."""

from dataclasses import replace

from auditwright.control_tests._examples import ANYWHERE, NO_RULES_SHOWN, group, inbound
from auditwright.control_tests.network._closing import close
from auditwright.control_tests.network._reach import closed_to_internet
from auditwright.core.control_test import Example, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.resources import SecurityGroup

DATABASE_PORTS = (
    "1433",  # SQL Server
    "1521",  # Oracle
    "2484",  # Oracle over TLS
    "3306",  # MySQL, MariaDB, Aurora
    "5432",  # PostgreSQL, Aurora
    "5439",  # Redshift
    "5984",  # CouchDB
    "6379",  # Redis, Valkey
    "8182",  # Neptune
    "9042",  # Cassandra
    "9200",  # Elasticsearch, OpenSearch
    "9300",  # Elasticsearch, OpenSearch, between nodes
    "11211",  # memcached
    "11211/udp",  # memcached, the amplifier of denial-of-service attacks
    "27017",  # MongoDB, DocumentDB
    "50000",  # Db2
)


@control_test(
    id="network.database-ports-closed",
    controls=("NET-02",),
    severity=Severity.HIGH,
    remediation=close(
        "a database", "Let the application's group in, and people through a tunnel of Session Manager."
    ),
    examples=(
        Example(group(inbound("tcp", (5432, 5432), "sg-0f9e8d7c6b5a41302")), Satisfied()),
        Example(group(inbound("tcp", (443, 443), ANYWHERE)), Satisfied()),
        Example(
            group(inbound("tcp", (5432, 5432), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/5432"),
        ),
        Example(
            group(inbound("tcp", (3000, 6000), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/3306, tcp/5432, tcp/5439, tcp/5984"),
        ),
        Example(
            group(inbound("udp", (11211, 11211), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): udp/11211"),
        ),
        Example(
            group(inbound("tcp", (26257, 26257), ANYWHERE)),
            Deviation("open to the whole internet (0.0.0.0/0): tcp/26257"),
            settings={"ports": ("26257",)},
        ),
        Example(
            group(inbound("tcp", (3306, 3306), "pl-0123456789abcdef0")),
            Undetermined("tcp/3306: the addresses of prefix list pl-0123456789abcdef0 were not collected"),
        ),
        Example(replace(group(), rules=NO_RULES_SHOWN), Undetermined(NO_RULES_SHOWN.why)),
        Example(
            group(),
            Undetermined(
                "the setting names the port 'postgres'; write a number from 1 to 65535, and /udp after it "
                "where it is not TCP"
            ),
            settings={"ports": ("postgres",)},
        ),
    ),
)
def database_ports_closed(group: SecurityGroup, *, ports: tuple[str, ...] = DATABASE_PORTS) -> Outcome:
    """No security group opens the port of a database to the internet.

    A database holds what the organization promised to protect, and was not built to meet strangers. Only
    the applications that use it need to reach it.
    """
    return closed_to_internet(group, ports)
