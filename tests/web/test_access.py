"""The Access page: verdicts with their paths, what closes them, and what any of the changes would come to."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape

import httpx2
import pytest

from auditwright.core.account import Role
from tests.app.test_proofs import story
from tests.web.served import Served, served
from tests.web.waiting import eventually

CLUSTER = "cluster prod"
DELETE_KEYS = "Delete the access keys of alice"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice is mapped into the cluster prod, and a deny asks her for a second factor everywhere else."""
    with served(story(tmp_path_factory.mktemp("access") / "acme")) as made:
        yield made


@pytest.fixture(scope="module")
def visitor(site: Served) -> httpx2.Client:
    return site.visitor()


def fix(visitor: httpx2.Client, *changes: str) -> str:
    """The page of what closes the cluster, once it is worked out."""

    def ask() -> str:
        answer = visitor.get("/access/fix", params={"target": CLUSTER, "change": list(changes)})
        assert answer.status_code == 200
        return unescape(answer.text)

    return eventually(ask, lambda page: "Working out" not in page and "Proving each target" not in page)


def offered(page: str) -> Mapping[str, str]:
    """The id of each change that can be tried, by its title."""
    found = re.findall(r'name="change" value="([^"]+)"[^>]*><span class="break">(.*?)<span', page)
    return {title: id_ for id_, title in found}


def rows(page: str) -> Sequence[tuple[str, str, str]]:
    """Each target that was proved again, with its verdicts now and then."""
    part = page.partition('aria-label="Each target with the changes made"')[2].partition("</table>")[0]
    cells = [re.sub(r"<[^>]+>", "|", row).split("|") for row in part.split("<tr")[2:]]
    return [
        (texts[1], texts[2], texts[3]) for row in cells for texts in [[each for each in row if each.strip()]]
    ]


def test_targets_are_told_the_worst_first_with_the_path_drawn(visitor: httpx2.Client) -> None:
    page = visitor.get("/access").text
    first = re.search(r'<tr aria-selected="true">.*?</tr>', page, re.DOTALL)
    assert first is not None
    assert "REACHABLE" in first[0]
    assert "prod" in first[0]
    assert "<svg" in page
    assert "key:alice" in page


def test_the_smallest_fix_is_proved_and_everything_that_was_considered_is_offered(
    visitor: httpx2.Client,
) -> None:
    page = fix(visitor)
    assert "every path to cluster prod" in page
    titles = offered(page)
    assert DELETE_KEYS in titles
    assert any(
        title.startswith("Delete arn:aws:iam::111122223333:user/alice from aws-auth") for title in titles
    )
    assert page.count("In the smallest fix.") >= 1
    # Each says how it is made.
    assert "aws iam delete-access-key" in page


def test_a_change_that_was_not_chosen_is_proved_at_every_target(visitor: httpx2.Client) -> None:
    titles = offered(fix(visitor))
    page = fix(visitor, titles[DELETE_KEYS])
    proved = {target: (now, then) for target, now, then in rows(page)}
    # Whoever made the cluster was not seen, and may be somebody else.
    assert proved["Cluster prod"] == ("REACHABLE", "UNKNOWN")
    assert {"Administrator of cluster prod", "Administrator of account 111122223333"} <= set(proved)
    assert re.search(rf'value="{titles[DELETE_KEYS]}" checked', page)


def test_the_changes_of_the_smallest_fix_come_to_what_the_fix_says(visitor: httpx2.Client) -> None:
    page = fix(visitor)
    chosen = re.findall(r'name="change" value="(\w+)"[^>]*>[^\n]*In the smallest fix', page)
    said = re.search(r"<dt>With them made</dt><dd>.*?</svg>([A-Z ]+)<", page)
    assert said is not None
    assert len(chosen) >= 1
    tried = fix(visitor, *chosen)
    assert rows(tried)[0] == ("Cluster prod", "REACHABLE", said[1])


def test_changes_of_one_address_are_made_together_in_whatever_order_they_stand(
    visitor: httpx2.Client,
) -> None:
    titles = offered(fix(visitor))
    mapping = next(id_ for title, id_ in titles.items() if "from aws-auth" in title)
    page = fix(visitor, titles[DELETE_KEYS], mapping)
    assert "With 2 changes made" in page
    assert rows(page) == rows(fix(visitor, mapping, titles[DELETE_KEYS]))


@pytest.mark.parametrize("strange", ["0", "000000000000", "<script>alert(1)</script>", "\u202e" * 3])
def test_an_id_that_is_not_offered_is_told_and_does_no_harm(visitor: httpx2.Client, strange: str) -> None:
    page = fix(visitor, strange)
    assert "Not all of them are offered any more" in page
    assert "<script>alert" not in page
    assert rows(page) == []


def test_more_ids_than_anybody_ticks_are_refused(visitor: httpx2.Client) -> None:
    answer = visitor.get("/access/fix", params={"target": CLUSTER, "change": ["0"] * 200})
    assert answer.status_code == 422


def test_the_form_keeps_the_target_and_needs_no_script(visitor: httpx2.Client) -> None:
    form = fix(visitor).partition('<form action="/access/fix#if"')[2].partition("</form>")[0]
    assert f'name="target" value="{CLUSTER}"' in form
    assert "hx-" not in form
    assert 'type="checkbox"' in form


def test_a_target_that_nobody_proved_is_not_there(visitor: httpx2.Client) -> None:
    assert visitor.get("/access/fix", params={"target": "cluster nowhere"}).status_code == 404


def test_an_engineer_may_try_changes_and_an_employee_may_not(site: Served) -> None:
    address = "/access/fix"
    assert site.visitor(Role.ENGINEER, "Eng").get(address, params={"target": CLUSTER}).status_code == 200
    assert site.visitor(Role.EMPLOYEE, "Emp").get(address, params={"target": CLUSTER}).status_code == 403
