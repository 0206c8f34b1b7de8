"""Proofs as items that control tests examine."""

from collections.abc import Collection
from datetime import timedelta

from hypothesis import HealthCheck, given, settings

from auditwright.access.checker import Checker
from auditwright.access.facts import Fact, Kind
from auditwright.access.picture import picture, starts_seen
from auditwright.access.proved import REACHABLE, UNKNOWN, UNREACHABLE, NamedTarget, proved_access
from auditwright.access.starts import OVERALL
from auditwright.access.verdict import Reachable, Undecided, Unreachable, accepted, explorer_for, prove
from auditwright.control_tests import load_builtin_tests
from auditwright.core.ids import TestId
from auditwright.core.outcome import Conclusion, Deviation, Result, Satisfied, Undetermined
from auditwright.core.resource import Population, Resource
from auditwright.core.resources import ProvedAccess
from auditwright.engine.evaluate import evaluate
from tests.access.accounts import ACCOUNT, Json, allow, deny, held, role, snapshot, trust, user
from tests.access.collected import AT, GLOBAL, Populations, collected
from tests.access.small_accounts import accounts
from tests.access.test_picture import scenarios


def proofs(
    document: Json, *, refused: Collection[str] = (), named: tuple[NamedTarget, ...] = ()
) -> dict[tuple[str, str], ProvedAccess]:
    found = proved_access(collected(document, refused=refused), at=AT, named=named)
    return {(each.credential, each.target_type): each for each in found}


def examined(test: str, document: Json, *, refused: Collection[str] = ()) -> Result:
    populations: Populations = collected(document, refused=refused)
    items: tuple[Resource, ...] = tuple(proved_access(populations, at=AT))
    populations[ProvedAccess.kind] = Population(kind=ProvedAccess, items=items, gaps=(), scopes=(GLOBAL,))
    return evaluate(load_builtin_tests()[TestId(test)], populations, now=AT + timedelta(hours=1), settings={})


ADMINISTRATOR = "account administrator"
THREE = snapshot(
    user("boss", allow("*")),
    user("climber", allow("iam:AttachUserPolicy")),
    user("plain", allow("s3:ListAllMyBuckets")),
    credentials=(held("boss"), held("climber"), held("plain")),
)


def outcomes(result: Result) -> dict[str, type[object]]:
    return {each.name.partition(" to ")[0]: type(each.outcome) for each in result.observations}


def test_an_administrator_by_right_is_told_from_one_who_becomes_it() -> None:
    found = proofs(THREE)
    assert found["key:boss", ADMINISTRATOR].own_right
    climber = found["key:climber", ADMINISTRATOR]
    assert (climber.verdict, climber.own_right) == ("reachable", False)
    assert climber.path[:2] == ("key:climber", "iam:AttachUserPolicy climber")
    escalation = outcomes(examined("access.no-privilege-escalation", THREE))
    assert escalation["session:mfa:climber"] is Deviation
    assert escalation["session:mfa:plain"] is Satisfied


def test_who_signs_in_as_an_administrator_has_escalated_nothing() -> None:
    boss = snapshot(user("boss", allow("*")), credentials=(held("boss", keys="", password=True, devices=0),))
    assert proofs(boss)["password:boss", ADMINISTRATOR].own_right
    result = examined("access.no-privilege-escalation", boss)
    assert not any(isinstance(each.outcome, Deviation) for each in result.observations)


def test_only_administrators_need_factors_that_cannot_be_phished() -> None:
    result = examined("access.administrators-use-phishing-resistant-factors", THREE)
    deviating = [each for each in result.observations if isinstance(each.outcome, Deviation)]
    assert [each.name for each in deviating] == [f"session:mfa:boss to administrator of account {ACCOUNT}"]
    assert isinstance(deviating[0].outcome, Deviation)
    assert deviating[0].outcome.what.endswith("can be phished: app boss")


def test_each_proof_of_no_path_bears_the_certificate_that_was_checked() -> None:
    document = scenarios()["trust-4-age-lessthan"]
    found = proofs(document)
    assert {each.verdict for each in found.values()} == {"unreachable"}
    assert all(len(each.certificate) == 64 for each in found.values())
    # What is out of reach for everybody at once is so for each, by the same certificate.
    for target in (ADMINISTRATOR, "cluster administrator", "cluster"):
        assert found["key:gina", target].certificate == found["everybody", target].certificate
    result = examined("access.no-path-to-cluster-admin", document)
    assert result.conclusion is Conclusion.NO_EXCEPTIONS
    assert examined("access.every-credential-needs-a-second-factor", document).conclusion is (
        Conclusion.NO_EXCEPTIONS
    )


def test_a_proof_is_the_same_whenever_it_is_made_again() -> None:
    for document in scenarios().values():
        assert proofs(document) == proofs(document)


def test_what_was_refused_leaves_no_pass_and_says_what_is_not_known() -> None:
    document = scenarios()["trust-4-age-lessthan"]
    for refused in ("aws.iam", "aws.account", "aws.eks"):
        found = proofs(document, refused=[refused])
        assert {each.verdict for each in found.values()} == {"unknown"}, refused
        assert all(each.assumptions or each.missing for each in found.values()), refused
        for test in ("no-path-to-account-administrator", "no-privilege-escalation"):
            assert not {Satisfied, Deviation} & set(
                outcomes(examined(f"access.{test}", document, refused=[refused])).values()
            )


def test_a_key_that_nobody_saw_is_no_deviation() -> None:
    document = scenarios()["seed-1-user-in-aws-auth"]
    result = examined("access.every-credential-needs-a-second-factor", document, refused=["aws.iam-keys"])
    to_cluster = [
        each for each in result.observations if each.name.startswith("key:") and "cluster" in each.name
    ]
    assert {type(each.outcome) for each in to_cluster} == {Undetermined}


def test_an_outside_account_is_told_from_the_credentials_of_the_account() -> None:
    document = snapshot(role("admin", trust({"AWS": "444455556666"}), allow("*")))
    outside = examined("access.outside-parties-kept-out", document)
    assert set(outcomes(outside).values()) > {Undetermined}
    inside = examined("access.every-credential-needs-a-second-factor", document)
    assert Undetermined not in outcomes(inside).values()


def test_anyone_who_may_take_an_administrators_role_is_a_deviation() -> None:
    document = snapshot(role("admin", trust("*"), allow("*")))
    assert outcomes(examined("access.outside-parties-kept-out", document))["anyone"] is Deviation


def test_a_named_target_is_proved_for_what_its_own_policy_was_not_seen_to_say() -> None:
    target = NamedTarget(name="files", action="s3:GetObject", resource="arn:aws:s3:::customers/all")
    document = snapshot(
        user("reader", allow("s3:GetObject")),
        user("kept-out", deny("*")),
        credentials=(held("reader"), held("kept-out")),
    )
    found = proofs(document, named=(target,))
    assert found["key:reader", "named"].verdict == "unknown"
    assert found["key:kept-out", "named"].verdict == "unreachable"


WORDS = {Reachable: REACHABLE, Unreachable: UNREACHABLE, Undecided: UNKNOWN}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(accounts())
def test_what_is_proved_together_is_what_each_credential_comes_to_by_itself(account: Json) -> None:
    populations = collected(account)
    here = picture(populations, at=AT)
    target = Fact(Kind.ADMINISTRATOR, ACCOUNT)
    explorer = explorer_for(here, [target])
    found = proofs(account)
    for start in starts_seen(here):
        if start.kind in OVERALL:
            alone = accepted(Checker(here), prove(explorer, [start], target))
            assert found[start.id, ADMINISTRATOR].verdict == WORDS[type(alone)], start.id
