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
NAME_FREE = Assumption(
    id="name-free",
    says="Nobody has the name that a cluster still knows; not every user and role of its account was listed.",
)
KEY_TO_SPARE = Assumption(
    id="key-to-spare",
    says="The user has fewer than two access keys, so that another can be made; its keys were not seen.",
)
SECOND_DEVICE = Assumption(
    id="second-device",
    # AWS: up to eight devices a user. That a plain key may add one was reported, and not confirmed on a live account.
    says="IAM accepts a further second factor for a user who has one, from a session that did not use it.",
)
DEVICES_UNSEEN = Assumption(
    id="devices-unseen",
    says="The user has no second factor; whether it has one was not seen.",
)
WORKLOAD_IN_SERVICE = Assumption(
    id="workload-in-service",
    says="Something that runs as the role is in service; what is in service was not seen.",
)
ADD_ON_OF_CHOICE = Assumption(
    id="add-on-of-choice",
    says="An add-on of the cluster can be made to do what is wanted with its role; what each add-on does is not known.",
)
PROVIDER_ASKS = Assumption(
    id="provider-asks",
    says="The identity provider asks each person for a second factor; AWS cannot see whether it does.",
)
PROGRAM_APPROVED = Assumption(
    id="program-approved",
    says="The program's access without a human factor is an approved exception; it has none by nature.",
)
TAGS_OF_CHOICE = Assumption(
    id="tags-of-choice",
    says="Whoever may tag a user, a role or a session can give it the tag that a policy asks for.",
)
OTHER_ACCOUNT = Assumption(
    id="other-account",
    says="Nobody in the other account acts without a second factor; that account can make up the claim.",
)
CENTRAL_ROOT = Assumption(
    id="central-root",
    says="The caller's account manages root access of the member account; whether it does was not seen.",
)
KEYS_UNSEEN = Assumption(
    id="credentials-unseen",
    says="The user has an active access key; its credentials were not seen, so that the key is supposed.",
)
ROOT_UNSEEN = Assumption(
    id="root-unseen",
    says="The root user has no access key and signs in with a second factor; its credentials were not seen.",
)
TRUST_UNREAD = Assumption(
    id="trust-unread",
    says="A trust policy that cannot be read, or that names everybody but some, lets in nobody from outside.",
)
PASSWORD_UNSEEN = Assumption(
    id="password-unseen",
    says="The user has no password, or signs in with a second factor; its credentials were not seen.",
)
PROFILE_TO_SPARE = Assumption(
    id="profile-to-spare",
    says="There is an instance profile without a role, which a role can be added to.",
)
POD_ROLES = Assumption(
    id="pod-roles",
    says="Nobody who starts pods or takes their tokens in a cluster gets the role of a pod or a node; which pods have which was not followed.",
)
