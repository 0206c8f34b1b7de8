import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditwright.access.aws_auth import Slot, parse_template, template_text
from auditwright.access.eks import (
    ChosenSession,
    FixedSession,
    Identity,
    NoSession,
    Origin,
    Session,
    Source,
)
from auditwright.access.eks_users import MappedUser, session_name_for, users_of
from auditwright.core.outcome import Unknown
from tests.access.clusters import DEV, UNSEEN

NAMES = frozenset({"platform-admin", "system:masters", "ops@example.com", "x-x", "{{SessionName}}"})
INSTANCE = "i-0123456789abcdef0"


def identity(username: str, *groups: str, session: Session | None = None) -> Identity:
    return Identity(
        username=parse_template(username),
        groups=tuple(map(parse_template, groups)),
        policies=(),
        origin=Origin(source=Source.MAP_ROLES, subject=DEV),
        session=ChosenSession() if session is None else session,
    )


def shown(found: tuple[MappedUser, ...]) -> list[tuple[object, list[str], str | None, bool]]:
    return [
        (
            each.user.username,
            [] if isinstance(each.user.groups, Unknown) else sorted(each.user.groups),
            each.session_name,
            not each.doubts,
        )
        for each in found
    ]


def test_a_name_without_slots_is_one_user() -> None:
    assert shown(users_of(identity("ada", "g"), NAMES)) == [("ada", ["g"], None, True)]


def test_whoever_chooses_the_session_chooses_the_username() -> None:
    found = shown(users_of(identity("{{SessionNameRaw}}", "dev"), NAMES))
    assert ("platform-admin", ["dev"], "platform-admin", True) in found
    assert ("ops@example.com", ["dev"], "ops@example.com", True) in found
    assert not any(username == "system:masters" for username, *_ in found)


def test_a_prefix_in_a_group_can_make_a_master() -> None:
    found = shown(users_of(identity("u", "system:{{SessionName}}"), NAMES))
    assert ("u", ["system:masters"], "masters", True) in found


def test_one_session_fills_all_slots() -> None:
    found = shown(users_of(identity("{{SessionName}}", "{{SessionNameRaw}}-{{SessionName}}"), NAMES))
    assert ("platform-admin", ["platform-admin-platform-admin"], "platform-admin", True) in found
    # Two characters are the shortest name that AWS takes.
    assert not any("x-x" in groups for _, groups, *_ in found)


def test_a_binding_of_the_slots_own_text_is_not_reached() -> None:
    usernames = [username for username, *_ in shown(users_of(identity("{{SessionName}}"), NAMES))]
    assert "{{SessionName}}" not in usernames
    assert "any-session-0" in usernames
    (left,) = shown(users_of(identity("{{SessionName}}"), ()))
    assert left == ("{{SessionName}}", [], None, True)


def test_a_name_that_somebody_else_sets_is_used_as_it_is() -> None:
    fixed = identity("{{SessionName}}", session=FixedSession("ops@example.com"))
    assert shown(users_of(fixed, NAMES)) == [("ops-example.com", [], None, True)]
    nobody = identity("u:{{SessionName}}", session=NoSession())
    assert shown(users_of(nobody, NAMES)) == [("u:", [], None, True)]


def test_a_name_that_is_set_by_nobody_knows_whom_is_only_possible() -> None:
    found = shown(users_of(identity("{{SessionName}}", session=UNSEEN), NAMES))
    assert ("platform-admin", [], "platform-admin", False) in found
    assert not any(known for *_, known in found)


def test_the_name_of_an_instance_takes_a_session_named_after_one() -> None:
    node = identity("system:node:{{EC2PrivateDNSName}}", "system:nodes")
    assert users_of(replace(node, session=NoSession()), NAMES) == ()
    assert users_of(replace(node, session=FixedSession("laptop")), NAMES) == ()
    for session in (ChosenSession(), FixedSession(INSTANCE), UNSEEN):
        found = shown(
            users_of(replace(node, session=session), {"system:node:ip-10-0-0-1.ec2.internal", "ada"})
        )
        assert ("system:node:ip-10-0-0-1.ec2.internal", ["system:nodes"], None, False) in found
        assert not any(known for *_, known in found)
        assert not any(username == "ada" for username, *_ in found)


def test_the_id_of_a_key_may_be_any() -> None:
    found = shown(
        users_of(
            identity("k:{{AccessKeyID}}", "{{AccessKeyID}}"),
            {"k:AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"},
        )
    )
    assert any(username == "k:AKIAIOSFODNN7EXAMPLE" for username, *_ in found)
    assert any("AKIAIOSFODNN7EXAMPLE" in groups for _, groups, *_ in found)
    assert not any(known for *_, known in found)


def test_an_identity_that_was_not_seen_stays_so() -> None:
    anyone = replace(identity("u"), username=UNSEEN, groups=UNSEEN, doubts=("it was not seen",))
    (found,) = users_of(anyone, NAMES)
    assert found.user.username == UNSEEN
    assert found.user.groups == UNSEEN
    assert found.doubts == ("it was not seen",)


SESSION_NAMES = st.text(alphabet="ab@-.=", min_size=2, max_size=5)
TEMPLATES = st.lists(
    st.sampled_from([Slot.SESSION, Slot.SESSION_RAW]) | st.text(alphabet="ab-@:", min_size=1, max_size=3),
    min_size=1,
    max_size=4,
).map(lambda parts: parse_template("".join(parts)))


def rendered(template: tuple[str, ...], name: str) -> str:
    return (
        template_text(tuple(parse_template("".join(template))))
        .replace("{{SessionName}}", name.replace("@", "-"))
        .replace("{{SessionNameRaw}}", name)
    )


@given(TEMPLATES, SESSION_NAMES)
def test_each_name_that_a_template_produces_is_solved_for(template: tuple[str, ...], name: str) -> None:
    slots = [part for part in template if isinstance(part, Slot)]
    solved = session_name_for(template, rendered(template, name))
    if slots:
        assert solved is not None
        assert rendered(template, solved) == rendered(template, name)
    else:
        assert solved is None


@given(TEMPLATES, st.text(alphabet="ab-@:.", max_size=12))
def test_what_is_solved_for_is_a_name_that_aws_takes_and_produces_the_text(
    template: tuple[str, ...], text: str
) -> None:
    solved = session_name_for(template, text)
    if solved is not None:
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", solved, re.ASCII)
        assert rendered(template, solved) == text


@given(TEMPLATES, TEMPLATES, SESSION_NAMES)
def test_the_user_of_any_session_holds_no_more_names_than_one_that_was_found(
    username: tuple[str, ...], group: tuple[str, ...], name: str
) -> None:
    real = {rendered(username, name), rendered(group, name)}
    for names in ({rendered(username, name)}, {rendered(group, name)}, real):
        found = users_of(identity("".join(username), "".join(group)), names)
        mine = ({rendered(username, name)} & names, {rendered(group, name)} & names)
        assert any(
            mine[0] <= {each.user.username}
            and not isinstance(each.user.groups, Unknown)
            and mine[1] <= each.user.groups
            for each in found
        )


@pytest.mark.parametrize("text", ["", "a", "x" * 200])
def test_a_text_of_no_fitting_length_is_not_solved_for(text: str) -> None:
    assert session_name_for((Slot.SESSION,), text) is None
