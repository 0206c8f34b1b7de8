"""The emulator's own process: moto's server, and what moto's API cannot set or does not know.

It prints its URL, then reads one instruction a line from standard input and answers each with `done`. It
ends when its standard input is closed, so that it outlives whoever started it in no case.

- Key and password times are set in moto's memory: AWS gives nobody a way to make a key that is a year old. The
  second factor of a root user is enrolled by hand in AWS's console, which moto does not have.
- Five operations that moto lacks are answered here, before moto is asked, with what an instruction gave.
- Amazon EKS, and what CloudTrail says of it, is answered by `emulated_eks.py`.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypedDict, cast

from auditwright.app.demo.emulated_eks import Asker, EmulatedEks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Told(TypedDict, total=False):
    """One instruction; ages are in days."""

    account: str
    cluster: str
    """A cluster of a region, whose age is set."""
    mended: bool
    """Whether to put right what moto answers otherwise than AWS does."""
    root_mfa: bool
    user: str
    created: int
    password_used: int
    keys: list[tuple[int, int | None]]
    """For each key, when it was made, and when it was last used; None where it never was."""
    region: str
    action: str
    """One of `UNKNOWN_TO_MOTO`, with what it answers in this account and region."""
    status: int
    answer: dict[str, object]


UNKNOWN_TO_MOTO: Final[dict[str, dict[str, object]]] = {
    "ListProtectedResources": {"Results": []},
    "ListFindings": {"findingIds": []},
    "GetFindings": {"findings": []},
    "DescribeInstanceInformation": {"InstanceInformationList": []},
    "DescribeInstancePatchStates": {"InstancePatchStates": []},
}
"""What is answered here, and the answer where no instruction gave one: there are none."""

_EKS: Final = "eks"
_LOOK_UP: Final = "LookupEvents"

_PATHS: Final = (
    ("backup", re.compile(r"/resources/?"), "ListProtectedResources"),
    ("guardduty", re.compile(r"/detector/[^/]+/findings/?"), "ListFindings"),
    ("guardduty", re.compile(r"/detector/[^/]+/findings/get/?"), "GetFindings"),
)

_SIGNED: Final = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
"""AWS Signature Version 4: access key, date, region, service."""


class AnswersFirst:
    """A web application that answers what moto does not know, and hands everything else to moto."""

    def __init__(self, moto: "WSGIApplication") -> None:
        """Begin without any answer."""
        self._moto = moto
        self.answers: dict[tuple[str, str, str], tuple[int, dict[str, object]]] = {}
        self._eks: dict[tuple[str, str], EmulatedEks] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        signed = _SIGNED.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        action = _action(environ, signed[3]) if signed else ""
        if not signed or not action:
            return self._moto(environ, start_response)
        from moto.iam.models import get_account_id_from

        given = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        account, region = get_account_id_from(signed[1]), signed[2]
        if action in {_EKS, _LOOK_UP}:
            eks = self.eks(account, region)
            method, path = str(environ["REQUEST_METHOD"]), str(environ.get("PATH_INFO", ""))
            key = signed[1]
            status, answer = (
                eks.events(given)
                if action == _LOOK_UP
                else eks.answer(method, path, given, lambda: _asker(account, key))
            )
        else:
            status, answer = self.answers.get((account, region, action), (200, UNKNOWN_TO_MOTO[action]))
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {'OK' if status == 200 else 'Refused'}", headers)  # noqa: PLR2004  # HTTP
        return [body]

    def eks(self, account: str, region: str) -> EmulatedEks:
        """Amazon EKS of one account in one region."""
        return self._eks.setdefault((account, region), EmulatedEks(account, region))


def _action(environ: "WSGIEnvironment", service: str) -> str:
    """The action, where it is one that is answered here."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
    if service == "ssm" and target in UNKNOWN_TO_MOTO:
        return target
    if service == "eks":
        return _EKS
    if target == _LOOK_UP:
        return _LOOK_UP
    path = str(environ.get("PATH_INFO", ""))
    return next((action for of, form, action in _PATHS if of == service and form.fullmatch(path)), "")


def _asker(account: str, key: str) -> Asker | None:
    """The user whose access key it is; None for a session of a role."""
    from moto.iam.models import iam_backends

    for user in iam_backends[account]["aws"].users.values():
        if any(each.access_key_id == key for each in user.access_keys):
            return Asker(arn=user.arn, name=user.name, unique_id=user.id, key=key)
    return None


def apply(told: Told, application: AnswersFirst) -> None:
    """Do what an instruction says."""
    from moto.iam.models import iam_backends

    account = iam_backends[told["account"]]["aws"]
    if "root_mfa" in told:
        account.account_summary._account_mfa_enabled = int(told["root_mfa"])  # noqa: SLF001  # moto has no other way
    if told.get("mended"):
        _mend(told["account"])
    if "action" in told:
        place = (told["account"], told["region"], told["action"])
        application.answers[place] = (told["status"], told["answer"])
    if "cluster" in told:
        application.eks(told["account"], told["region"]).age(told["cluster"], told["created"])
    if "user" in told:
        _age(told)


def _age(told: Told) -> None:
    from moto.core.utils import utcnow
    from moto.iam.models import AccessKeyLastUsed, iam_backends

    now = utcnow()
    user = iam_backends[told["account"]]["aws"].get_user(told["user"])
    if "created" in told:
        user.create_date = now - timedelta(days=told["created"])
    if "password_used" in told:
        vars(user)["password_last_used"] = now - timedelta(days=told["password_used"])
    for key, (made, used) in zip(user.access_keys, told.get("keys", []), strict=False):
        key.create_date = now - timedelta(days=made)
        if used is not None:
            at = now - timedelta(days=used)
            key.last_used = AccessKeyLastUsed(timestamp=at, service="ec2", region="eu-central-1")


def _mend(account: str) -> None:
    """Name policies in the authorization details, and say which keys are AWS's own; moto 5.2.5 does neither."""
    from moto.iam.models import iam_backends
    from moto.kms.models import kms_backends

    for policy in iam_backends[account]["aws"].managed_policies.values():
        vars(policy).update(policy_name=policy.name, policy_id=policy.id)
    for backend in kms_backends[account].values():
        for key in backend.keys.values():
            if key.description.startswith("Default master key"):
                key.key_manager = "AWS"


def main() -> None:
    """Serve until standard input is closed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    application = AnswersFirst(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _say(f"http://127.0.0.1:{server.port}")
    for line in sys.stdin:
        apply(cast("Told", json.loads(line)), application)
        _say("done")
    os._exit(0)  # threads of open connections would hold the process up


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
