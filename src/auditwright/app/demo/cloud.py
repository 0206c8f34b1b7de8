"""The emulated cloud's accounts, called through AWS's own API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from auditwright.app.demo.emulator import HOME_REGION

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session

PRODUCTION: Final = "410983217705"
STAGING: Final = "286417730952"
SECURITY: Final = "553120986641"
FLEET: Final = "671904382215"
"""The account of the company's clusters, which has a program of its own beside the company's."""

FRANKFURT: Final = HOME_REGION
STOCKHOLM: Final = "eu-north-1"
VIRGINIA: Final = "us-east-1"
REGIONS: Final = (FRANKFURT, STOCKHOLM, VIRGINIA)

DOMAIN: Final = "northwind-robotics.example"

ANSWER_LIMIT_S: Final = 30.0
"""The emulator answers in milliseconds."""


Answer = Mapping[str, object]


def role_of(account: str) -> str:
    """The role that Auditwright takes in an account."""
    return f"arn:aws:iam::{account}:role/auditwright"


class Cloud:
    """Clients of the four accounts, each made once."""

    def __init__(self, url: str) -> None:
        import botocore.session
        from botocore.config import Config

        self._url = url
        self._base = botocore.session.Session()
        self._sessions: dict[str, Session] = {}
        self._clients: dict[tuple[str, str, str], BaseClient] = {}
        self._config = Config(
            inject_host_prefix=False,
            read_timeout=ANSWER_LIMIT_S,
            s3={"addressing_style": "path"},
            parameter_validation=False,
        )

    def at(self, account: str, region: str = FRANKFURT) -> "Place":
        """One account in one region."""
        return Place(cloud=self, account=account, region=region)

    def call_with(
        self, key: Mapping[str, str], where: tuple[str, str], method: str, **parameters: object
    ) -> Answer:
        """Call a method of (region, service) with a user's own access key, as CreateAccessKey gave it."""
        import botocore.session

        session = botocore.session.Session()
        session.register_component("data_loader", self._base.get_component("data_loader"))
        session.set_credentials(key["AccessKeyId"], key["SecretAccessKey"])
        region, service = where
        client = session.create_client(
            service, region_name=region, endpoint_url=self._url, config=self._config
        )
        do: Callable[..., Answer] = getattr(client, method)
        return do(**parameters)

    def call(self, where: tuple[str, str, str], method: str, parameters: Mapping[str, object]) -> Answer:
        """Call a method of (account, region, service)."""
        client = self._clients.get(where)
        if client is None:
            client = self._clients[where] = self._client(*where)
        do: Callable[..., Answer] = getattr(client, method)
        return do(**parameters)

    def _client(self, account: str, region: str, service: str) -> "BaseClient":
        session = self._sessions.get(account)
        if session is None:
            session = self._sessions[account] = self._enter(account)
        made = session.create_client(service, region_name=region, endpoint_url=self._url, config=self._config)
        if service == "s3control":
            made.meta.events.register("before-sign.s3-control", self._ask_the_emulator)
        return made

    def _enter(self, account: str) -> "Session":
        import botocore.session

        sts = self._base.create_client(
            "sts", region_name=FRANKFURT, endpoint_url=self._url, config=self._config
        )
        assume: Callable[..., Answer] = getattr(sts, "assume_role")  # noqa: B009  # clients get their methods at run time
        taken = cast(
            "Mapping[str, str]", assume(RoleArn=role_of(account), RoleSessionName="demo")["Credentials"]
        )
        session = botocore.session.Session()
        # Reading the models of the services takes most of the time; they are read once for all accounts.
        session.register_component("data_loader", self._base.get_component("data_loader"))
        session.set_credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        return session

    def _ask_the_emulator(self, **event: object) -> None:
        # S3 Control puts the account's number before the host, where the emulator has no such name.
        request = event["request"]
        url: object = getattr(request, "url", "")
        assert isinstance(url, str)
        path = url.split("/", 3)[3]
        setattr(request, "url", f"{self._url}/{path}")  # noqa: B010  # its class is botocore's own affair


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One account in one region."""

    cloud: Cloud
    account: str
    region: str

    def do(self, service: str, method: str, **parameters: object) -> Answer:
        """One call of AWS's API."""
        return self.cloud.call((self.account, self.region, service), method, parameters)


def text(answer: object, *path: str | int) -> str:
    """A text inside an answer."""
    for step in path:
        match step:
            case str():
                answer = cast("Mapping[str, object]", answer)[step]
            case int():
                answer = cast("Sequence[object]", answer)[step]
    assert isinstance(answer, str)
    return answer


def tags(**tags: str) -> list[dict[str, str]]:
    """Tags in the form of AWS's API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
