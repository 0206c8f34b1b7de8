import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources

import pytest
from inline_snapshot import snapshot

from auditwright.render import words
from auditwright.render.html import MAX_EVIDENCE_ROWS, MAX_ROWS, render_html
from tests.render import samples


class Page(HTMLParser):
    """What a reader of the page has: its elements, ids, links, and text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend((tag, name, value or "") for name, value in attrs)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, key, value in self.attributes if key == name]

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module", params=list(samples.BUILDERS))
def content(request: pytest.FixtureRequest) -> bytes:
    return render_html(samples.BUILDERS[str(request.param)]())


@pytest.fixture(scope="module")
def northwind() -> bytes:
    return render_html(samples.northwind())


def test_the_page_has_no_script_no_inline_style_and_nothing_to_fetch(content: bytes) -> None:
    page = Page(content)
    assert not {"script", "iframe", "img", "object", "embed", "form", "base", "image"} & set(page.tags)
    assert not page.values("style")
    assert not page.values("src")
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert {value for value in page.values("href") if not value.startswith("#")} == {"data:,"}
    assert b"url(" not in content.split(b"</style>")[0]


def test_the_policy_allows_exactly_the_style_of_the_page(content: bytes) -> None:
    style = re.search(rb"<style>(.*?)</style>", content, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1]).digest()).decode()
    policy = next(value for value in Page(content).values("content") if "default-src" in value)
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_every_link_leads_to_an_element_and_every_id_is_there_once(content: bytes) -> None:
    page = Page(content)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    linked = {value[1:] for value in page.values("href") if value.startswith("#")}
    assert linked <= set(ids)
    assert {value[1:] for tag, name, value in page.attributes if tag == "use" and name == "href"} <= set(ids)


def test_the_page_has_one_title_that_is_the_answer(northwind: bytes) -> None:
    page = Page(northwind)
    assert page.tags.count("h1") == 1
    assert "<h1>10 of 38 criteria are satisfied</h1>" in northwind.decode()
    assert "Nothing here is an audit opinion." in page.said


def test_what_could_not_be_seen_comes_before_what_could(northwind: bytes) -> None:
    text = northwind.decode()
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert headings == snapshot(
        [
            "What could not be seen",
            "Criteria in scope",
            "Figures",
            "What was examined",
            "Needs attention",
            "What the organization decided",
            "Security",
            "Availability",
            "Confidentiality",
            "Evidence",
            "How to verify this",
        ]
    )


def test_the_same_report_gives_the_same_bytes() -> None:
    assert render_html(samples.northwind()) == render_html(samples.northwind())


def test_hostile_text_is_shown_and_not_obeyed() -> None:
    content = render_html(samples.hostile()).decode()
    said = Page(content.encode()).said
    assert "<script>document.title='owned'</script> is wrong" in said
    assert "invoice[U+202E]xcod.exe is wrong" in said
    assert "{{ 7*7 }}" in said
    assert "49" not in re.findall(r">\s*(49)\s*<", content)
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\x00-\x09\x0b-\x1f\x7f-\x9f]", content
    )


def test_a_long_name_is_folded_and_the_whole_of_it_is_in_the_page() -> None:
    content = render_html(samples.hostile()).decode()
    name = samples.HOSTILE["long"]
    assert f'<span class="whole">{name}</span>' in content
    assert "10,000 characters" in content


def test_a_large_population_is_capped_with_the_whole_count_and_the_file_that_has_the_rest() -> None:
    content = render_html(samples.large(10_000))
    assert len(content) < 2_000_000
    said = Page(content).said
    assert f"10,000 items, {MAX_ROWS} shown; all are in observations.csv" in said
    assert "Each of the 10,000 findings is in findings.csv." in said
    assert re.search(r"10,000 items: (user-\d{6}, ){5}and 9,995 more", said)


def test_gaps_of_one_cause_are_one_row_and_each_of_them_is_counted() -> None:
    report = samples.northwind()
    regions = ("eu-central-1", "eu-north-1", "us-east-1", "us-west-2", "sa-east-1", "ap-south-1")
    views = tuple(
        replace(view, gap=replace(view.gap, scope=samples.scope(samples.STAGING, region)))
        for view in report.not_observable[:1]
        for region in regions
    )
    said = Page(render_html(replace(report, not_observable=views))).said
    assert "6 gaps; what it hides is undetermined" in said
    assert "eu-central-1, eu-north-1, us-east-1, us-west-2, and 2 more" in said
    assert "1 cause; each of the 6 gaps is in gaps.csv" in said
    assert (
        "1 cause; the gap is in gaps.csv" in Page(render_html(replace(report, not_observable=views[:1]))).said
    )


def test_a_digest_without_a_record_is_said_to_be_missing_and_is_no_dead_link() -> None:
    content = render_html(samples.everything_denied())
    assert b"This run kept no evidence. Nothing can be concluded from it." in content
    assert b"not in this run" in content


def test_the_index_lists_every_record_that_a_row_cites_and_others_while_there_is_room() -> None:
    report = samples.quiet()
    spare = [
        replace(report.evidence[0], digest=samples.digest(f"spare {place}"), seq=50_000 + place)
        for place in range(MAX_EVIDENCE_ROWS + 5)
    ]
    content = render_html(replace(report, evidence=(*spare, *report.evidence)))
    listed = len(report.evidence) + MAX_EVIDENCE_ROWS
    assert (
        f"{len(spare) + len(report.evidence):,} records of this run, {listed:,} shown" in Page(content).said
    )
    assert b"not in this run" not in content


def test_a_control_without_a_test_says_so(northwind: bytes) -> None:
    assert "No automated test. Evidence that people give is not collected yet." in Page(northwind).said


def test_an_emulated_cloud_is_announced_and_a_real_one_is_not(northwind: bytes) -> None:
    assert b"The cloud in this report is emulated." in northwind
    assert b"emulated" not in render_html(samples.quiet())


def test_a_log_that_nobody_signed_is_said_to_be_unsigned() -> None:
    said = Page(render_html(samples.quiet())).said
    assert "12 entries , not signed yet" in said
    assert "no checkpoint yet" in said


def test_each_status_has_its_shape() -> None:
    assert len(set(words.KINDS.values())) == len(words.KINDS)
    macros = (resources.files("auditwright.render") / "templates" / "_macros.html").read_text("utf-8")
    for kind in words.KINDS.values():
        assert f'<symbol id="s-{kind}"' in macros


def test_what_the_organization_decided_is_said_with_its_reason_its_approver_and_its_place() -> None:
    content = render_html(samples.decided())
    said = Page(content).said
    assert "3 controls not as shipped" in said
    row = said.split("3 controls not as shipped")[1]
    assert (
        "PHY-02 Offices admit only authorized people Not applicable No system in scope stands in an office. "
        "Approved by samir.haddad@northwind.example. controls/physical.yaml:4" in row
    )
    assert "IAM-05 Access is removed when people leave Changed" in row
    assert "NWR-01" in row
    assert b'href="#control-PHY-02"' in content
    assert b'id="control-PHY-02" open' in content
    assert "PHY-02 is marked not applicable, and not counted." in said


def test_a_changed_control_shows_that_it_was_changed_and_what_it_said_before() -> None:
    report = samples.decided()
    original = next(view.control for view in samples.northwind().controls if view.control.id == "IAM-05")
    said = Page(render_html(report)).said
    assert "Access is removed when people leave Changed by the organization" in said
    assert f"Statement {original.statement}" in said
    assert "Written by the organization" in said
    assert "by the organization" not in Page(render_html(samples.northwind())).said


def test_a_hostile_decision_is_shown_and_not_obeyed() -> None:
    for name in ("script", "bidi", "long"):
        content = render_html(samples.decided(samples.HOSTILE[name])).decode()
        assert "<script" not in content
        assert "\u202e" not in content


def test_regions_that_were_chosen_are_among_the_facts(northwind: bytes) -> None:
    facts = Page(northwind).said.split("What could not be seen")[0]
    assert (
        "AWS accounts production 111122223333; regions eu-central-1, eu-north-1, us-east-1 Git connected"
        in facts
    )
    assert "nothing outside of what is named here was asked" in Page(northwind).said


def test_a_page_of_html_that_a_proxy_answered_is_clipped_and_the_whole_keeps_its_lines() -> None:
    answer = "<html>\n<body>\n" + "<p>502 Bad Gateway</p>\n" * 40 + "</body></html>"
    report = samples.northwind()
    view = report.not_observable[0]
    gap = replace(view.gap, detail=answer)
    content = render_html(replace(report, not_observable=(replace(view, gap=gap),))).decode()
    shown = re.search(r"<summary>(&lt;html&gt;[^<]*)<span", content)
    assert shown is not None
    assert len(shown[1]) < 700
    assert "\n&lt;p&gt;502 Bad Gateway&lt;/p&gt;\n" in content


def test_commands_are_code_and_the_prose_between_them_is_not() -> None:
    report = samples.northwind()
    test = report.tests[0]
    fix = replace(
        test.remediation, command="aws iam get-user --user-name <user>; where there is none: aws iam x-y"
    )
    content = render_html(replace(report, tests=(replace(test, remediation=fix), *report.tests[1:]))).decode()
    assert (
        "<pre>aws iam get-user --user-name &lt;user&gt;</pre><p>where there is none:</p><pre>aws iam x-y</pre>"
        in content
    )
