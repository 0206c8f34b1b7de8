"""botocore's own clients, which can change an account as ours cannot: with them tests prepare what they collect."""

import os
from functools import cache, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from auditwright.integrations.aws.caller import timestamp

if TYPE_CHECKING:
    from botocore.client import BaseClient


def plain_client(url: str, service: str, region: str) -> "BaseClient":
    """A client of an emulator, with the credentials of the environment."""
    return _made(url, service, region, os.environ.get("AWS_ACCESS_KEY_ID", ""))


@cache
def _made(url: str, service: str, region: str, key: str) -> "BaseClient":
    del key  # whose client it is
    session = botocore.session.Session()
    session.register_component("data_loader", _models())
    # Times and bytes as texts, as in what is collected.
    parsers = session.get_component("response_parser_factory")
    parsers.set_parser_defaults(timestamp_parser=timestamp, blob_parser=str)
    session.register("before-sign.s3-control", partial(_ask_itself, url))
    once = Config(retries={"total_max_attempts": 1})
    return session.create_client(service, region_name=region, endpoint_url=url, config=once)


def _ask_itself(url: str, request: AWSRequest, **_: object) -> None:
    # S3 Control puts the account's number before the host, and an emulator has no such names.
    request.url = f"{url}{urlsplit(str(request.url)).path}"


@cache
def _models() -> Loader:
    return create_loader()
