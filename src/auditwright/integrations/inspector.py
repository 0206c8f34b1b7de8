"""Amazon Inspector: every finding of each account and region, as `aws inspector2 list-findings` prints it.

The findings are evidence; `auditwright vulns collected` writes them as report files, which are merged with those of other scanners.
A page that is refused is a gap, and then none of that region counts as read to the end.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from auditwright import __version__
from auditwright.core.evidence import Evidence, Gap, GapReason, Query, Scope, digest_of
from auditwright.core.ids import IntegrationId, StreamId
from auditwright.core.integration import (
    Captured,
    Check,
    Config,
    ConfigError,
    ConfigField,
    Integration,
    Operation,
    Stream,
    Takes,
    Target,
)
from auditwright.core.resource import Resource

if TYPE_CHECKING:
    from botocore.client import BaseClient

INSPECTOR: Final = IntegrationId("inspector")
FINDINGS: Final = StreamId("inspector.findings")
OPERATION: Final = "inspector2:ListFindings"

PAGE: Final = 100
"""Inspector gives at most 100 findings at a time."""

MAX_PAGES: Final = 20_000
"""Two million findings of one region."""

CONNECT_S: Final = 10
READ_S: Final = 60
ATTEMPTS: Final = 5

_REFUSED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
    }
)
_THROTTLED: Final = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})


def targets(config: Config) -> Iterator[Target]:
    """Each region of each role, or of the account of the credentials; raises ConfigError."""
    unknown = sorted(set(config) - {"regions", "roles", "endpoint_url", "program_folder"})
    if unknown:
        raise ConfigError(
            f"inspector: unknown key {unknown[0]!r}; the keys are regions, roles and endpoint_url"
        )
    regions = _texts(config, "regions")
    if not regions:
        raise ConfigError('inspector: regions must be a list of names, such as ["eu-central-1"]')
    endpoint = config.get("endpoint_url", "")
    for role in _texts(config, "roles") or ("",):
        for region in regions:
            yield Target(
                stream=FINDINGS,
                scope=Scope(source=INSPECTOR, account=_account(role), region=region),
                settings={"role": role, "endpoint_url": str(endpoint)},
            )


def _texts(config: Config, name: str) -> Sequence[str]:
    value = config.get(name, ())
    if not isinstance(value, list | tuple) or not all(
        isinstance(each, str) and each.strip() for each in value
    ):
        raise ConfigError(f"inspector: {name} must be a list of texts")
    return tuple(str(each) for each in value)


def _account(role: str) -> str:
    """The number in `arn:aws:iam::111122223333:role/auditwright`."""
    parts = role.split(":")
    return parts[4] if len(parts) > 5 else role or "the account of the credentials"  # noqa: PLR2004 - an ARN has six parts


def collect(target: Target) -> Iterator[Captured]:
    """The findings of one region, page by page; what is refused is a gap."""
    from botocore.exceptions import BotoCoreError, ClientError

    token = ""
    try:
        client = _client(target)
        for page in range(1, MAX_PAGES + 1):
            answer = client.list_findings(maxResults=PAGE, **({"nextToken": token} if token else {}))
            yield _evidence(target, page, answer)
            token = answer.get("nextToken") or ""
            if not token:
                return
        yield _gap(
            target,
            GapReason.LIMIT,
            f"more than {MAX_PAGES:,} pages",
            "Suppress findings in Inspector, or collect fewer regions.",
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        yield _gap(target, _reason(code), str(error), _remedy(code))
    except BotoCoreError as error:
        yield _gap(
            target,
            GapReason.UNREACHABLE,
            str(error),
            "Check the credentials and the network, then run again.",
        )


def _client(target: Target) -> "Any":  # noqa: ANN401  # botocore makes a client's methods as it runs
    import boto3
    from botocore.config import Config as Settings

    settings = Settings(
        connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "max_attempts": ATTEMPTS}
    )
    where: dict[str, Any] = {"region_name": target.scope.region, "config": settings}
    if target.settings["endpoint_url"]:
        where["endpoint_url"] = target.settings["endpoint_url"]
    session = boto3.Session()
    if target.settings["role"]:
        sts: BaseClient = session.client("sts", **where)
        held = sts.assume_role(RoleArn=target.settings["role"], RoleSessionName="auditwright")["Credentials"]  # type: ignore[attr-defined] # botocore makes methods as it runs
        where |= {
            "aws_access_key_id": held["AccessKeyId"],
            "aws_secret_access_key": held["SecretAccessKey"],
            "aws_session_token": held["SessionToken"],
        }
    return session.client("inspector2", **where)


def _evidence(target: Target, page: int, answer: dict[str, object]) -> Evidence:
    kept = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    body = json.dumps(kept, indent=4, default=_written, ensure_ascii=False).encode()
    now = datetime.now(UTC)
    return Evidence(
        stream=FINDINGS,
        scope=target.scope,
        query=Query(
            operation=OPERATION,
            parameters=(("page", f"{page:06}"),),
            command=f"aws inspector2 list-findings --region {target.scope.region}",
        ),
        principal=target.settings["role"],
        collected_at=now,
        effective_at=now,
        collector=f"auditwright/{__version__}",
        body=body,
        digest=digest_of(body),
    )


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _reason(code: str) -> GapReason:
    if code in _REFUSED:
        return GapReason.REFUSED
    if code in _CREDENTIALS:
        return GapReason.CREDENTIALS
    return GapReason.THROTTLED if code in _THROTTLED else GapReason.UNAVAILABLE


def _remedy(code: str) -> str:
    if code in _REFUSED:
        return f"Grant {OPERATION} to who is named, and switch Inspector on in the region."
    return "Look at the source's own words, then run again."


def _gap(target: Target, reason: GapReason, detail: str, remedy: str) -> Gap:
    return Gap(
        stream=FINDINGS,
        scope=target.scope,
        operation=OPERATION,
        reason=reason,
        detail=detail,
        remedy=remedy,
        hides_items=True,
        at=datetime.now(UTC),
    )


def check(config: Config) -> Iterator[Check]:
    """Ask each region for its first page."""
    for target in targets(config):
        problem = next((item for item in collect(target)), None)
        refused = problem if isinstance(problem, Gap) else None
        yield Check(
            name=OPERATION,
            scope=target.scope,
            problem=refused.detail if refused else "",
            remedy=refused.remedy if refused else "",
        )


def normalize(evidence: Sequence[Evidence], gaps: Sequence[Gap]) -> Iterator[Resource]:
    """No item is made of findings by themselves: they are merged with what other scanners say."""
    del evidence, gaps
    yield from ()


INTEGRATION: Final = Integration(
    id=INSPECTOR,
    title="Amazon Inspector",
    summary="Findings about images, machines and functions, to be merged with those of other scanners.",
    fields=(
        ConfigField(
            name="regions",
            title="Regions",
            help="Where Inspector is on.",
            required=True,
            default=("eu-central-1",),
            takes=Takes.TEXTS,
        ),
        ConfigField(
            name="roles",
            title="Roles",
            help="ARNs of the roles to take, one in each account; the credentials' own account by default.",
            takes=Takes.TEXTS,
        ),
        ConfigField(
            name="endpoint_url",
            title="Endpoint",
            help="Another address than Amazon's, for an emulator.",
            by_hand=("endpoint_url",),
        ),
    ),
    streams=(
        Stream(
            id=FINDINGS,
            title="Findings of Amazon Inspector",
            operations=(Operation(name=OPERATION, permission=OPERATION),),
            emits=(),
            collect=collect,
            normalize=normalize,
        ),
    ),
    targets=targets,
    check=check,
    read=lambda config: tuple(targets(config)),
)
