"""Review of changes by somebody else."""

from collections.abc import Sequence
from dataclasses import replace

from auditwright.control_tests._examples import ADA, BOB, CHANGE
from auditwright.control_tests.change._who import Roster, surely_differ
from auditwright.core.control_test import Example, Remediation, Severity, control_test
from auditwright.core.outcome import Deviation, Outcome, Satisfied, Undetermined, Unknown
from auditwright.core.resource import Related
from auditwright.core.resources import Change, Person

HIDDEN_ADA = "4711+ada-l@users.noreply.github.com"
HIDDEN_BOB = "4712+bob-b@users.noreply.github.com"
PROGRAM = "49699333+dependabot[bot]@users.noreply.github.com"
NOT_RECORDED = Unknown("the history records no reviews")


@control_test(
    id="change.changes-reviewed",
    controls=("CHG-01",),
    severity=Severity.HIGH,
    remediation=Remediation(
        console=(
            "Have somebody else review the change now, and record it: a late review does not undo the deviation. "
            "Then GitHub > the repository > Settings > Branches > the branch's rule: Require a pull request, "
            "Require approvals 1, Require approval of the most recent reviewable push, Do not allow bypassing."
        ),
        command=(
            "gh api --method PUT repos/<owner>/<repository>/branches/<branch>/protection --input rule.json, where "
            'rule.json holds "required_pull_request_reviews": {"required_approving_review_count": 1, '
            '"require_last_push_approval": true}, "enforce_admins": true, "required_status_checks": null, '
            '"restrictions": null'
        ),
        terraform=(
            'resource "github_branch_protection": enforce_admins = true, required_pull_request_reviews { '
            "required_approving_review_count = 1, require_last_push_approval = true }"
        ),
    ),
    examples=(
        Example(CHANGE, Satisfied("reviewed by bob@acme.example")),
        Example(
            replace(
                CHANGE, contributors=(ADA.email, "cy@acme.example"), reviewers=("cy@acme.example", BOB.email)
            ),
            Satisfied("reviewed by bob@acme.example"),
        ),
        Example(
            replace(CHANGE, author=PROGRAM, contributors=(PROGRAM,)),
            Satisfied("reviewed by bob@acme.example"),
        ),
        Example(
            replace(CHANGE, author=HIDDEN_ADA, contributors=(HIDDEN_ADA,)),
            Satisfied("reviewed by bob@acme.example"),
            given=(replace(ADA, accounts=("github:ada-l",)),),
        ),
        Example(
            replace(CHANGE, reviewers=()),
            Deviation("nobody is recorded as having reviewed it; written by ada@acme.example"),
        ),
        Example(
            replace(CHANGE, reviewers=("Ada@Acme.example",)),
            Deviation("reviewed only by programs or by who wrote it: Ada@Acme.example"),
        ),
        Example(
            replace(CHANGE, contributors=(ADA.email, BOB.email)),
            Deviation("reviewed only by programs or by who wrote it: bob@acme.example"),
        ),
        Example(
            replace(CHANGE, author=HIDDEN_BOB, contributors=(HIDDEN_BOB,)),
            Deviation("reviewed only by programs or by who wrote it: bob@acme.example"),
            given=(replace(BOB, accounts=("github:bob-b",)),),
        ),
        Example(
            replace(CHANGE, reviewers=("ada@home.example",)),
            Deviation("reviewed only by programs or by who wrote it: ada@home.example"),
            given=(replace(ADA, accounts=("git:ada@home.example",)),),
        ),
        Example(
            replace(CHANGE, reviewers=(PROGRAM,)),
            Deviation(f"reviewed only by programs or by who wrote it: {PROGRAM}"),
        ),
        Example(
            replace(CHANGE, reviewers=(" ",)),
            Deviation("nobody is recorded as having reviewed it; written by ada@acme.example"),
        ),
        Example(replace(CHANGE, reviewers=NOT_RECORDED), Undetermined(NOT_RECORDED.why)),
        Example(
            replace(CHANGE, author=HIDDEN_ADA, contributors=(HIDDEN_ADA,)),
            Undetermined(
                "whether bob@acme.example and 4711+ada-l@users.noreply.github.com are two people cannot be seen: "
                "name the one person of github:ada-l in the roster"
            ),
        ),
        Example(
            replace(CHANGE, reviewers=("ada@home.example",)),
            Undetermined(
                "whether ada@home.example and ada@acme.example are two people cannot be seen: "
                "the roster has no column accounts"
            ),
            given=(replace(ADA, accounts=Unknown("the roster has no column accounts")),),
        ),
        Example(
            CHANGE,
            Satisfied("reviewed by bob@acme.example"),
            given=(replace(ADA, accounts=Unknown("the roster has no column accounts")), BOB),
        ),
        Example(
            replace(CHANGE, author="", contributors=()), Undetermined("the history does not say who wrote it")
        ),
    ),
)
def changes_reviewed(change: Change, *, people: Related[Person]) -> Outcome:
    """Every change was reviewed by somebody who wrote no part of it.

    A change is what reached the main branch. A second pair of eyes finds mistakes, and keeps one person
    alone from changing what customers rely on. Which addresses are one person's, the roster tells. A
    history alone does not show whether the review came before the merge and after the last commit.
    """
    writers = _written(change.author, *change.contributors)
    if not writers:
        return Undetermined("the history does not say who wrote it")
    if isinstance(change.reviewers, Unknown):
        return Undetermined(change.reviewers.why)
    reviewers = _written(*change.reviewers)
    if not reviewers:
        return Deviation(f"nobody is recorded as having reviewed it; written by {', '.join(writers)}")
    return _independent(reviewers, writers, Roster(people))


def _written(*addresses: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.strip() for address in addresses if address.strip()))


def _independent(reviewers: Sequence[str], writers: Sequence[str], roster: Roster) -> Outcome:
    wrote = {address: roster.who(address) for address in writers}
    doubts: list[str] = []
    for reviewer in reviewers:
        who = roster.who(reviewer)
        if who.program or any(who.key == writer.key for writer in wrote.values()):
            continue
        unclear = [address for address, writer in wrote.items() if not surely_differ(who, writer)]
        if not unclear:
            return Satisfied(f"reviewed by {reviewer}")
        doubt = who.doubt or wrote[unclear[0]].doubt
        doubts.append(f"whether {reviewer} and {unclear[0]} are two people cannot be seen: {doubt}")
    if doubts:
        return Undetermined(doubts[0])
    return Deviation(f"reviewed only by programs or by who wrote it: {', '.join(reviewers)}")
