"""Rules for passwords."""

from collections.abc import Iterator
from dataclasses import replace

from auditwright.control_tests._examples import PASSWORD_POLICY
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resources import PasswordPolicy

_REFUSED = Unknown("iam:GetAccountPasswordPolicy was refused")


@control_test(
    id="identity.password-policy-strong",
    controls=("IAM-13",),
    severity=Severity.MEDIUM,
    remediation=Remediation(
        console=(
            "IAM > Account settings > Password policy > Edit > Custom: minimum length 14, Prevent password "
            "reuse: remember 24 passwords, Save changes."
        ),
        command=(
            "Options that are not given go back to their defaults, so give those that are set as well: "
            "aws iam update-account-password-policy --minimum-password-length 14 "
            "--password-reuse-prevention 24 --allow-users-to-change-password"
        ),
        terraform=(
            'resource "aws_iam_account_password_policy" with minimum_password_length = 14 and '
            "password_reuse_prevention = 24"
        ),
    ),
    examples=(
        Example(PASSWORD_POLICY, Satisfied()),
        Example(
            replace(PASSWORD_POLICY, is_set=False), Deviation("the account has no password policy of its own")
        ),
        Example(
            replace(PASSWORD_POLICY, minimum_length=8, reuse_prevention=0),
            Deviation(
                "passwords of 8 characters are enough, the minimum is 14; 0 earlier passwords are refused, the minimum is 24"
            ),
        ),
        Example(
            replace(PASSWORD_POLICY, require_numbers=True, require_lowercase=True, require_uppercase=True),
            Deviation("no symbol is required"),
            settings={"require_every_kind_of_character": True},
        ),
        Example(
            PASSWORD_POLICY,
            Deviation("passwords never expire; the limit is 365 days"),
            settings={"max_age_days": 365},
        ),
        Example(
            replace(PASSWORD_POLICY, max_age_days=730),
            Deviation("passwords expire after 730 days; the limit is 365 days"),
            settings={"max_age_days": 365},
        ),
        Example(replace(PASSWORD_POLICY, max_age_days=365), Satisfied(), settings={"max_age_days": 365}),
        Example(replace(PASSWORD_POLICY, is_set=_REFUSED), Undetermined(_REFUSED.why)),
        Example(replace(PASSWORD_POLICY, reuse_prevention=_REFUSED), Undetermined(_REFUSED.why)),
    ),
)
def password_policy_strong(  # noqa: PLR0913  # one argument for each setting
    policy: PasswordPolicy,
    *,
    minimum_length: int = 14,
    reuse_prevention: int = 24,
    require_every_kind_of_character: bool = False,
    max_age_days: int = 0,
) -> Outcome:
    """Every cloud account asks for long passwords that were not used before.

    Length is what resists guessing. The defaults are those of the CIS AWS Foundations Benchmark; kinds of
    characters and expiry are asked for only where the organization sets so, because NIST SP 800-63B
    advises against both. A `max_age_days` of 0 asks for no expiry.
    """
    if isinstance(policy.is_set, Unknown):
        return Undetermined(policy.is_set.why)
    if not policy.is_set:
        return Deviation("the account has no password policy of its own")
    verdicts = [
        _at_least(policy.minimum_length, minimum_length, "passwords of {} characters are enough"),
        _at_least(policy.reuse_prevention, reuse_prevention, "{} earlier passwords are refused"),
        _expiry(policy.max_age_days, max_age_days),
        *(_characters(policy) if require_every_kind_of_character else ()),
    ]
    weaknesses = [verdict for verdict in verdicts if isinstance(verdict, str) and verdict]
    if weaknesses:
        return Deviation("; ".join(weaknesses))
    for verdict in verdicts:
        if isinstance(verdict, Unknown):
            return Undetermined(verdict.why)
    return Satisfied()


# Each verdict is what is weak, an empty text where nothing is, or Unknown.


def _at_least(found: int | Unknown, minimum: int, sentence: str) -> str | Unknown:
    if isinstance(found, Unknown):
        return found
    return "" if found >= minimum else f"{sentence.format(found)}, the minimum is {minimum}"


def _expiry(found: int | Unknown, limit: int) -> str | Unknown:
    if limit <= 0:
        return ""
    if isinstance(found, Unknown):
        return found
    if found == 0:
        return f"passwords never expire; the limit is {limit} days"
    return "" if found <= limit else f"passwords expire after {found} days; the limit is {limit} days"


def _characters(policy: PasswordPolicy) -> Iterator[str | Unknown]:
    required = (
        (policy.require_symbols, "symbol"),
        (policy.require_numbers, "number"),
        (policy.require_uppercase, "uppercase letter"),
        (policy.require_lowercase, "lowercase letter"),
    )
    for fact, kind in required:
        if isinstance(fact, Unknown):
            yield fact
        else:
            yield "" if fact else f"no {kind} is required"
