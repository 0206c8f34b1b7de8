"""Asking each operation once, cheaply, to say what the credentials cannot see."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from auditwright.core.evidence import Gap, GapReason
from auditwright.core.integration import Check, Config
from auditwright.integrations.aws.collect import Place, collect
from auditwright.integrations.aws.operations import AwsStream
from auditwright.integrations.aws.session import Account, Entered, Settings, enter, read_settings

PROBE_PAGES: Final = 1
"""One page shows whether a listing is allowed."""

PROBE_CALLS: Final = 1
"""And one item whether its details are."""


def check(config: Config, streams: Sequence[AwsStream]) -> Iterator[Check]:
    """One line for each account's credentials and for each operation, asked in the account's home region.

    An operation that is asked of items cannot be tried where there are none; it is then left out.
    """
    settings = read_settings(config)
    for account in settings.accounts:
        yield from _account(settings, account, streams)


def _account(settings: Settings, account: Account, streams: Sequence[AwsStream]) -> Iterator[Check]:
    entered = enter(settings, account)
    if isinstance(entered, Gap):
        yield Check(name="credentials", scope=entered.scope, problem=entered.detail, remedy=entered.remedy)
        return
    yield Check(name="credentials", scope=entered.scope, problem="", remedy="")
    reported: set[str] = set()
    for stream in streams:
        for found in _stream(entered, stream):
            if found.name not in reported:
                reported.add(found.name)
                yield found


def _stream(entered: Entered, stream: AwsStream) -> Iterator[Check]:
    home = entered.session.home_region
    scope = replace(entered.scope, region=home if stream.regional else "")
    place = Place(scope=scope, region=home, principal=entered.principal, max_calls=PROBE_CALLS, max_repeats=0)
    problems: dict[str, Gap | None] = {}
    for captured in collect(stream, place, entered.session.caller(max_pages=PROBE_PAGES)):
        if isinstance(captured, Gap):
            # That there is more than was asked for is no problem here.
            if captured.reason is not GapReason.LIMIT and not problems.get(captured.operation):
                problems[captured.operation] = captured
        else:
            problems.setdefault(captured.query.operation, None)
    for name, gap in problems.items():
        problem = "" if gap is None else f"{gap.reason}: {gap.detail}"
        yield Check(name=name, scope=scope, problem=problem, remedy="" if gap is None else gap.remedy)
