"""Accounts, credentials and regions: whom the streams ask, and as whom.

1. Read the settings (`accounts`, `regions`, `profile`, `endpoint_url`, …); whatever is wrong raises ConfigError.
2. For each account, take the credentials (assume its role where one is named) and ask sts:GetCallerIdentity who
   they are. An account that cannot be entered is a gap for every stream of it.
3. Ask ec2:DescribeRegions which regions are enabled. Where that is refused, the home region is still collected.
4. One target for each stream and account, or for each stream, account and region.

Sessions and clients are made once per process and kept: making one costs more than using it. One client of a
service asks in every region: botocore lets a handler name the region by which it resolves the endpoint of a call and
signs it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.request import getproxies

from auditwright.core.definition import closest_ids
from auditwright.core.evidence import Evidence, Gap, GapReason, Scope
from auditwright.core.ids import IntegrationId
from auditwright.core.integration import Captured, Config, ConfigError, Target
from auditwright.core.outcome import Unknown
from auditwright.integrations.aws.account import (
    IDENTITY,
    REGION_FILTER,
    REGIONS,
    STREAM,
    account_of,
    region_names,
)
from auditwright.integrations.aws.caller import ASKED_REGION, MAX_PAGES, Caller, Failure, timestamp
from auditwright.integrations.aws.collect import COLLECTOR, Place, collect
from auditwright.integrations.aws.models import loader
from auditwright.integrations.aws.operations import AwsStream
from auditwright.integrations.aws.reading import Answers

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config as ClientConfig
    from botocore.session import Session

AWS: Final = IntegrationId("aws")

UNKNOWN_ACCOUNT: Final = "unknown"
"""The account of a scope where the credentials did not even say whose they are."""

ALL_REGIONS: Final = "all"

DEFAULT_REGION: Final = "us-east-1"
"""Where account-wide services are asked when neither settings nor environment name a home region."""

CONNECT_TIMEOUT_S: Final = 5.0
"""A region that takes longer to accept a connection is out of reach."""

READ_TIMEOUT_S: Final = 20.0
"""AWS answers a page in under a second; slow ones (large authorization details) take a few."""

ATTEMPTS: Final = 4
"""Attempts of one call, with botocore's growing pauses: about four seconds before a throttled call is a gap."""

CONNECTIONS: Final = 16
"""Connections kept open for each client: two for each detail thread."""

MAX_CLIENTS: Final = 64
"""Clients kept for one account: each takes half a megabyte, and some services need one for each region."""

CLIENT_FOR_EACH_REGION: Final = ("s3", "s3control", "sts")
"""Services of which botocore makes the client for its region: their rules differ in us-east-1, and S3 redirects."""

SESSION_LIFETIME_S: Final = 900.0
"""A session is made anew after this time, so that a long-running worker notices changed credentials."""

ROLE_SESSION_NAME: Final = "auditwright"
"""The name under which an assumed role appears in the account's own trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of the settings; empty fields mean the credentials' own."""

    id: str = ""
    name: str = ""
    role_arn: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the AWS integration, checked."""

    accounts: tuple[Account, ...] = (Account(),)
    regions: tuple[str, ...] = ()
    """Empty for all that are enabled."""
    home_region: str = ""
    profile: str = ""
    endpoint_url: str = ""
    timeout_s: float = READ_TIMEOUT_S
    attempts: int = ATTEMPTS

    def of(self, account: Account) -> Mapping[str, str]:
        """What `collect` needs to reach an account, as texts; no secret is among them."""
        return {
            "role_arn": account.role_arn,
            "external_id": account.external_id,
            "home_region": self.home_region,
            "profile": self.profile,
            "endpoint_url": self.endpoint_url,
            "timeout_s": str(self.timeout_s),
            "attempts": str(self.attempts),
        }


def read_settings(config: Config) -> Settings:
    """Check one integration's table; raises ConfigError naming the key and what was expected."""
    known = ("accounts", "regions", "home_region", "profile", "endpoint_url", "timeout_s", "attempts")
    _only(config, (*known, "program_folder"), where="aws")
    return Settings(
        accounts=_accounts(config.get("accounts")),
        regions=_regions(config.get("regions")),
        home_region=_text(config, "home_region", where="aws"),
        profile=_text(config, "profile", where="aws"),
        endpoint_url=_endpoint(_text(config, "endpoint_url", where="aws")),
        timeout_s=_positive(config, "timeout_s", READ_TIMEOUT_S),
        attempts=int(_positive(config, "attempts", ATTEMPTS)),
    )


def targets(config: Config, streams: Sequence[AwsStream]) -> Iterator[Target | Captured]:
    """Find the accounts and regions to collect; what was asked to find them is evidence of `aws.account`."""
    settings = read_settings(config)
    for account in settings.accounts:
        yield from _account_targets(settings, account, streams)


def collect_target(stream: AwsStream, target: Target) -> Iterator[Captured]:
    """Collect one stream of one target."""
    session = session_for(target.settings)
    yield from collect(stream, place_of(target, session), session.caller())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An account that was entered: its scope, the caller's ARN and its session."""

    scope: Scope
    principal: str
    session: "AwsSession"
    settings: Mapping[str, str]
    captured: tuple[Captured, ...]
    """What was asked on the way."""


def enter(settings: Settings, account: Account) -> Entered | Gap:
    """Take an account's credentials and ask whose they are; a Gap where that fails or they are another's."""
    given = settings.of(account)
    session = session_for(given)
    scope = Scope(source=AWS, account=account.id or UNKNOWN_ACCOUNT)
    place = Place(scope=scope, region=session.home_region, principal=account.role_arn)
    asked = tuple(collect(replace(STREAM, operations=(IDENTITY,)), place, session.caller()))
    found = account_of(Answers([item for item in asked if isinstance(item, Evidence)]))
    if isinstance(found, Unknown):
        gaps = [item for item in asked if isinstance(item, Gap)]
        return gaps[0] if gaps else _cannot_enter(scope, found.why)
    number, principal = found
    if account.id and account.id != number:
        return _cannot_enter(scope, f"the credentials belong to account {number} ({principal})")
    here = Scope(source=AWS, account=number)
    return Entered(
        scope=here,
        principal=principal,
        session=session,
        settings={**given, "home_region": session.home_region, "principal": principal},
        captured=tuple(
            replace(item, scope=here, principal=principal) for item in asked if isinstance(item, Evidence)
        ),
    )


def _cannot_enter(scope: Scope, detail: str) -> Gap:
    return Gap(
        stream=STREAM.id,
        scope=scope,
        operation=IDENTITY.name,
        reason=GapReason.CREDENTIALS,
        detail=detail,
        remedy=f"Give account {scope.account} a role_arn of its own, or correct its id in the settings.",
        hides_items=True,
        at=datetime.now(UTC),
    )


def _account_targets(
    settings: Settings, account: Account, streams: Sequence[AwsStream]
) -> Iterator[Target | Captured]:
    entered = enter(settings, account)
    if isinstance(entered, Gap):
        yield from (replace(entered, stream=stream.id, hides_items=True) for stream in streams)
        return
    yield from entered.captured
    names, captured = _regions_of(entered, settings)
    yield from captured
    others = [stream for stream in streams if stream.id != STREAM.id]
    for gap in _regions_unseen(entered, settings, names, captured):
        yield from (replace(gap, stream=stream.id) for stream in others if stream.regional)
    for stream in others:
        for region in names if stream.regional else ("",):
            yield Target(
                stream=stream.id, scope=replace(entered.scope, region=region), settings=entered.settings
            )


def _regions_of(entered: Entered, settings: Settings) -> tuple[tuple[str, ...], tuple[Captured, ...]]:
    """The regions to collect, and what was asked to find them."""
    wanted = [{"Name": REGION_FILTER, "Values": list(settings.regions)}]
    asked = replace(REGIONS, parameters={"Filters": wanted}) if settings.regions else REGIONS
    place = Place(scope=entered.scope, region=entered.session.home_region, principal=entered.principal)
    captured = tuple(collect(replace(STREAM, operations=(asked,)), place, entered.session.caller()))
    found = tuple(region_names(Answers([item for item in captured if isinstance(item, Evidence)])))
    return found or settings.regions or (entered.session.home_region,), captured


def _regions_unseen(
    entered: Entered, settings: Settings, names: Sequence[str], captured: Sequence[Captured]
) -> Iterator[Gap]:
    """Regions that are not collected although the settings ask for them, as gaps."""
    refused = [item for item in captured if isinstance(item, Gap)]
    if not settings.regions:
        # Nobody knows which other regions hold something.
        yield from refused[:1]
    for name in settings.regions:
        if name not in names:
            yield Gap(
                stream=STREAM.id,
                scope=replace(entered.scope, region=name),
                operation=REGIONS.name,
                reason=GapReason.SWITCHED_OFF,
                detail=f"{name} is not among the enabled regions of the account",
                remedy=f"Enable {name} for the account, or take it out of `regions`.",
                hides_items=True,
                at=datetime.now(UTC),
            )


class AwsSession:
    """The credentials of one account, and the clients made with them. Safe to use from several threads."""

    __slots__ = (
        "_base",
        "_clients",
        "_config",
        "_endpoint_url",
        "_lock",
        "_not_emulated",
        "_proxied",
        "_session",
        "home_region",
    )

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Prepare a session; no call is made before the first question."""
        self._base = _botocore_session(settings)
        self._session = self._base
        self._endpoint_url = settings.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL", "")
        self._config = _client_config(settings, endpoint_url=self._endpoint_url)
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.RLock()
        self._not_emulated: dict[str, Failure] | None = {} if self._endpoint_url else None
        # Which hosts go around a proxy is decided when a client is made.
        self._proxied = bool(getproxies())
        self.home_region = settings.get("home_region") or _configured_region(self._base) or DEFAULT_REGION
        if settings.get("role_arn"):
            self._assume(settings)
        if self._endpoint_url:
            self._session.register("before-sign.s3-control", self._ask_endpoint_itself)

    def client(self, service: str, region: str) -> "BaseClient":
        """The client that asks a service in a region, made once; the calls go where ASKED_REGION says."""
        shared = not self._proxied and service not in CLIENT_FOR_EACH_REGION
        key = (service, "" if shared else region)
        with self._lock:
            found = self._clients.pop(key, None)
            if found is None:
                found = self._session.create_client(
                    service, region_name=region, endpoint_url=self._endpoint_url or None, config=self._config
                )
                if self._endpoint_url:
                    name = found.meta.service_model.service_id.hyphenize()
                    # What it returns matters, although the types say that it returns nothing.
                    give_up = cast("Callable[..., None]", _give_up_on_html)
                    found.meta.events.register_first(f"needs-retry.{name}", give_up)
                if shared:
                    name = found.meta.service_model.service_id.hyphenize()
                    found.meta.events.register(f"before-endpoint-resolution.{name}", _go_where_asked)
            # The one used longest ago goes first.
            self._clients[key] = found
            if len(self._clients) > MAX_CLIENTS:
                del self._clients[next(iter(self._clients))]
            return found

    def caller(self, *, max_pages: int = MAX_PAGES) -> Caller:
        """A caller that asks as this account."""
        return Caller(self.client, secrets=self.secrets, max_pages=max_pages, not_emulated=self._not_emulated)

    def secrets(self) -> tuple[str, ...]:
        """The credentials' own texts, which must appear nowhere."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            held = self._session.get_credentials()
            frozen = held.get_frozen_credentials() if held is not None else None
        except (BotoCoreError, ClientError):
            return ()
        if frozen is None:
            return ()
        return tuple(text for text in (frozen.secret_key, frozen.token, frozen.access_key) if text)

    def _assume(self, settings: Mapping[str, str]) -> None:
        from botocore.credentials import (
            AssumeRoleCredentialFetcher,
            CredentialProvider,
            CredentialResolver,
            Credentials,
            DeferredRefreshableCredentials,
        )

        base = self._base.get_credentials()
        if base is None:
            # Without credentials of its own, nobody can take a role: the first call says so.
            return
        fetcher = AssumeRoleCredentialFetcher(
            self._sts_client,
            base,
            settings["role_arn"],
            extra_args={
                "RoleSessionName": ROLE_SESSION_NAME,
                **({"ExternalId": external_id} if (external_id := settings.get("external_id", "")) else {}),
            },
        )

        class _Assumed(CredentialProvider):
            METHOD = "assume-role"

            def load(self) -> Credentials:
                # They renew themselves before they expire, in the middle of a run as well.
                return DeferredRefreshableCredentials(
                    method=self.METHOD, refresh_using=fetcher.fetch_credentials
                )

        with_role = _botocore_session(settings)
        with_role.register_component("credential_provider", CredentialResolver(providers=[_Assumed()]))
        self._session = with_role

    def _sts_client(self, service: str, **given: str | None) -> "BaseClient":
        return self._base.create_client(
            service,
            region_name=self.home_region,
            endpoint_url=self._endpoint_url or None,
            config=self._config,
            aws_access_key_id=given.get("aws_access_key_id"),
            aws_secret_access_key=given.get("aws_secret_access_key"),
            aws_session_token=given.get("aws_session_token"),
        )

    def _ask_endpoint_itself(self, **event: object) -> None:
        # S3 Control puts the account's number before the host; an endpoint of the settings has no such names.
        request = event["request"]
        url: object = getattr(request, "url", "")
        if not isinstance(url, str):
            return
        scheme, _, rest = url.partition("://")
        first, _, others = rest.partition(".")
        if first.isdigit() and not self._endpoint_url.startswith(f"{scheme}://{first}."):
            setattr(request, "url", f"{scheme}://{others}")  # noqa: B010  # botocore gives the event no type


def _go_where_asked(**event: object) -> None:
    """Resolve the endpoint of a call, and sign it, for the region that is asked."""
    region = ASKED_REGION.get()
    builtins, context = event["builtins"], event["context"]
    assert isinstance(builtins, dict)
    assert isinstance(context, dict)
    if region:
        builtins["AWS::Region"] = region
        # Where the endpoint's own rules name a region to sign for (IAM: us-east-1), that one replaces it.
        context["signing"] = {**context.get("signing", {}), "region": region}


def _give_up_on_html(**event: object) -> bool | None:
    """Keep botocore from asking an emulator again for what it does not know, which it answers with 500 and HTML."""
    response = event.get("response")
    content: object = getattr(response[0], "content", b"") if isinstance(response, tuple) else b""
    # False means no; None leaves it to botocore.
    return (
        False if isinstance(content, bytes) and content.lstrip()[:14].lower() == b"<!doctype html" else None
    )


def _configured_region(session: "Session") -> str:
    from botocore.exceptions import ProfileNotFound

    try:
        session.get_scoped_config()
        region: object = session.get_config_variable("region")
    except ProfileNotFound as error:
        raise ConfigError(f"aws: {error}; name a profile of the AWS configuration file") from error
    return region if isinstance(region, str) else ""


_SESSIONS: Final[dict[tuple[tuple[str, str], ...], tuple[float, AwsSession]]] = {}
_SESSIONS_LOCK: Final = threading.Lock()

_ENVIRONMENT: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)
"""What of the environment decides whose the credentials are."""


def session_for(settings: Mapping[str, str]) -> AwsSession:
    """The session for an account's settings, shared by all streams of this process."""
    environment = {name: os.environ.get(name, "") for name in _ENVIRONMENT}
    marked = {name: value for name, value in settings.items() if name != "principal"}
    key = tuple(sorted({**marked, **environment}.items()))
    now = time.monotonic()
    with _SESSIONS_LOCK:
        held = _SESSIONS.get(key)
        if held is None or now - held[0] > SESSION_LIFETIME_S:
            held = (now, AwsSession(settings))
            _SESSIONS[key] = held
        return held[1]


def place_of(target: Target, session: AwsSession) -> Place:
    """Where a target is asked."""
    return Place(
        scope=target.scope,
        region=target.scope.region or session.home_region,
        principal=target.settings.get("principal", ""),
    )


def _botocore_session(settings: Mapping[str, str]) -> "Session":
    import botocore.session

    made = botocore.session.Session(profile=settings.get("profile") or None)
    made.register_component("data_loader", loader())
    parsers = made.get_component("response_parser_factory")
    # As the AWS CLI does: times in ISO 8601, bytes left in base64.
    parsers.set_parser_defaults(timestamp_parser=timestamp, blob_parser=_as_it_came)
    return made


def _as_it_came(value: object) -> object:
    return value


def _client_config(settings: Mapping[str, str], *, endpoint_url: str) -> "ClientConfig":
    from botocore.config import Config as ClientConfig

    return ClientConfig(
        connect_timeout=min(CONNECT_TIMEOUT_S, float(settings.get("timeout_s") or CONNECT_TIMEOUT_S)),
        read_timeout=float(settings.get("timeout_s") or READ_TIMEOUT_S),
        retries={"mode": "standard", "total_max_attempts": int(settings.get("attempts") or ATTEMPTS)},
        max_pool_connections=CONNECTIONS,
        parameter_validation=False,
        inject_host_prefix=not endpoint_url,
        # As it stands in the account's own trail. botocore composes its own anew for each call, which shows.
        user_agent=COLLECTOR,
    )


def _accounts(value: object) -> tuple[Account, ...]:
    if value is None or value in ("", [], ()):
        return (Account(),)
    if not isinstance(value, list | tuple):
        raise ConfigError('aws: accounts must be a list such as [{ id = "123456789012", role_arn = "…" }]')
    entries = cast("Sequence[object]", value)
    found = tuple(_account(entry, place) for place, entry in enumerate(entries, start=1))
    named = [account.id for account in found if account.id]
    if len(set(named)) != len(named):
        raise ConfigError("aws: accounts names one id twice; name each account once")
    return found


def _account(value: object, place: int) -> Account:
    where = f"aws: accounts, entry {place}"
    if isinstance(value, str):
        value = {"id": value}
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table with id and, for another account, role_arn")
    entry = cast("dict[str, object]", value)
    _only(entry, ("id", "name", "role_arn", "external_id"), where=where)
    found = Account(
        id=_text(entry, "id", where=where),
        name=_text(entry, "name", where=where),
        role_arn=_text(entry, "role_arn", where=where),
        external_id=_text(entry, "external_id", where=where),
    )
    if found.id and not (len(found.id) == ACCOUNT_DIGITS and found.id.isascii() and found.id.isdigit()):
        raise ConfigError(f'{where}: id is {found.id!r}; write the 12 digits as text, such as "012345678901"')
    if found.role_arn and not found.role_arn.startswith("arn:"):
        raise ConfigError(
            f"{where}: role_arn is {found.role_arn!r}; write it in full, as arn:aws:iam::…:role/…"
        )
    return found


ACCOUNT_DIGITS: Final = 12
"""AWS account numbers have twelve digits, the first of which may be zero."""


def _regions(value: object) -> tuple[str, ...]:
    if value is None or value in ("", ALL_REGIONS, [], (), [ALL_REGIONS], (ALL_REGIONS,)):
        return ()
    if not isinstance(value, list | tuple):
        raise ConfigError(f'aws: regions must be "all" or a list such as ["eu-west-1"], not {value!r}')
    names = tuple(name for name in cast("Sequence[object]", value) if isinstance(name, str) and name)
    if len(names) != len(value):
        raise ConfigError('aws: regions must be "all" or a list of names such as ["eu-west-1"]')
    return tuple(dict.fromkeys(names))


def _endpoint(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ConfigError(f"aws: endpoint_url is {value!r}; write a URL such as https://example.com:5000")
    return value.rstrip("/")


def _text(fields: Mapping[str, object], name: str, *, where: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise ConfigError(f"{where}: {name} must be a text, not {value!r}")
    return value.strip()


def _positive(fields: Mapping[str, object], name: str, default: float) -> float:
    value = fields.get(name, default)
    if isinstance(value, str):
        try:
            value = float(value) if value else default
        except ValueError as error:
            raise ConfigError(f"aws: {name} must be a number, not {value!r}") from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < MAX_SETTING:
        raise ConfigError(f"aws: {name} must be a number above 0 and below {MAX_SETTING}, not {value!r}")
    return float(value)


MAX_SETTING: Final = 1_000
"""Seconds or attempts beyond this are a slip of the pen."""


def _only(fields: Mapping[str, object], names: Sequence[str], *, where: str) -> None:
    for name in fields:
        if name not in names:
            near = closest_ids(name, names)
            hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(names)}"
            raise ConfigError(f"{where}: unknown key {name!r}; {hint}")
