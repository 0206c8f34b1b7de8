"""What a proof comes to as an outcome, and proofs that the examples start from."""

from dataclasses import replace

from auditwright.control_tests._examples import ACCOUNT, EVIDENCE
from auditwright.core.ids import ResourceId
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined
from auditwright.core.resources import ProvedAccess

EVERYBODY = "everybody"
WITH_FACTOR = "session with a second factor"
FIRST_FACTORS = frozenset({"access key", "password", "root user"})
"""Credentials of the account itself."""
OUTSIDE = frozenset({"identity provider", "program with an identity of its own", "another account", "anyone"})
"""Who may take a role of the account without being of it."""
ADMINISTRATOR = "account administrator"
CLUSTER_ADMINISTRATOR = "cluster administrator"

CERTIFICATE = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def outcome_of(proof: ProvedAccess) -> Outcome:
    """Satisfied by a certificate, a deviation by a path, undetermined with everything that is not known."""
    match proof.verdict:
        case "unreachable":
            return Satisfied(f"proved out of reach: certificate {proof.certificate}")
        case "reachable":
            return Deviation(f"{proof.target} is within reach: {', then '.join(proof.path)}")
        case _:
            open_ = "; ".join((*proof.missing, *proof.assumptions)) or "the proof does not say why"
            path = f"; the path that cannot be ruled out: {', then '.join(proof.path)}" if proof.path else ""
            return Undetermined(f"it is not known whether {proof.target} is within reach: {open_}{path}")


# --- examples

NO_KEYS = "The account 111122223333 has no users, groups and roles beside those that were seen: the call was refused."

ALL_KEYS = ProvedAccess(
    id=ResourceId("access:everybody  > administrator 111122223333"),
    name="everybody to administrator of account 111122223333",
    scope=ACCOUNT,
    evidence=EVIDENCE,
    credential=EVERYBODY,
    credential_type=EVERYBODY,
    principal="",
    target="administrator of account 111122223333",
    target_type=ADMINISTRATOR,
    verdict="unreachable",
    own_right=False,
    path=(),
    assumptions=(),
    missing=(),
    certificate=CERTIFICATE,
)

ADA = "arn:aws:iam::111122223333:user/ada"
KEY = replace(ALL_KEYS, credential="key:ada", credential_type="access key", principal=ADA)
FACTOR = replace(ALL_KEYS, credential="session:mfa:ada", credential_type=WITH_FACTOR, principal=ADA)


def to_cluster(proof: ProvedAccess, *, administrator: bool = True) -> ProvedAccess:
    """The proof about a cluster instead."""
    type_ = CLUSTER_ADMINISTRATOR if administrator else "cluster"
    words = "administrator of cluster prod" if administrator else "cluster prod"
    return replace(proof, target=words, target_type=type_)


def reached(proof: ProvedAccess, *path: str, own_right: bool = False) -> ProvedAccess:
    """The proof with a path that was replayed."""
    return replace(proof, verdict="reachable", path=path, own_right=own_right, certificate="")


def unseen(proof: ProvedAccess) -> ProvedAccess:
    """The proof that could not be made, because a list was refused."""
    return replace(proof, verdict="unknown", assumptions=(NO_KEYS,), certificate="")
