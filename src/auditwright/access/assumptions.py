"""What a verdict takes for granted without having seen it. Each has a name, so that a verdict can say it.

The first four were never confirmed on a live account: documentation and public reports disagree or are silent.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One thing taken for granted: its name, and what it says in a sentence."""

    id: str
    says: str


ROLE_SESSION_WITHOUT_MFA = Assumption(
    id="role-session-without-mfa",
    says="A role session that was opened without a second factor shows MultiFactorAuthPresent as false or not at all.",
)
MFA_INTO_ROLE_SESSION = Assumption(
    id="mfa-into-role-session",
    says="The second factor of GetSessionToken may or may not be visible in a role session opened from it.",
)
CREATOR_MATCHED_BY_ARN = Assumption(
    id="creator-matched-by-arn",
    # awsdocs/amazon-eks-user-guide#440
    says="The hidden grant of a cluster's creator is matched by ARN, so a principal of the same name regains it.",
)
BOOTSTRAP_FLAG_OF_OLD_CLUSTERS = Assumption(
    id="bootstrap-flag-of-old-clusters",
    says="A cluster in CONFIG_MAP mode grants its creator administrator access whatever the bootstrap flag shows.",
)
ENTRY_PRINCIPAL_UNCHANGED = Assumption(
    id="entry-principal-unchanged",
    says="The principal that an access entry names was not deleted and recreated since the entry was made.",
)
MAPPING_OPTIONS_OF_NEW_AUTHENTICATORS = Assumption(
    id="mapping-options-of-new-authenticators",
    says="Wildcards and permission sets in mapRoles take effect only where the cluster's authenticator has them switched on.",
)
