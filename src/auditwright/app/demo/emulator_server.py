"""The emulator's own process: moto's server, and what its API cannot set because only time or a person sets it.

It prints its URL, then reads one instruction a line from standard input and answers each with `done`. It
ends when its standard input is closed, so that it outlives whoever started it in no case.

Key and password times are set directly: AWS gives nobody a way to make a key that is a year old. The second
factor of a root user is enrolled by hand in AWS's console, which moto does not have.
"""

import json
import logging
import os
import sys
from datetime import timedelta
from typing import TypedDict, cast


class Aged(TypedDict, total=False):
    """One instruction: what to set of an account's root user, or of one of its users; ages are in days."""

    account: str
    mended: bool
    """Whether to put right what moto answers otherwise than AWS does."""
    root_mfa: bool
    user: str
    created: int
    password_used: int
    keys: list[tuple[int, int | None]]
    """For each key, when it was made, and when it was last used; None where it never was."""


def apply(change: Aged) -> None:
    """Set in moto's memory what an instruction says."""
    from moto.core.utils import utcnow
    from moto.iam.models import AccessKeyLastUsed, iam_backends

    account = iam_backends[change["account"]]["aws"]
    if "root_mfa" in change:
        account.account_summary._account_mfa_enabled = int(change["root_mfa"])  # noqa: SLF001  # moto has no other way
    if change.get("mended"):
        _mend(change["account"])
    if "user" not in change:
        return
    now = utcnow()
    user = account.get_user(change["user"])
    if "created" in change:
        user.create_date = now - timedelta(days=change["created"])
    if "password_used" in change:
        vars(user)["password_last_used"] = now - timedelta(days=change["password_used"])
    for key, (made, used) in zip(user.access_keys, change.get("keys", []), strict=False):
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
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    _say(f"http://{host}:{port}")
    for line in sys.stdin:
        apply(cast("Aged", json.loads(line)))
        _say("done")
    os._exit(0)  # threads of open connections would hold the process up


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
