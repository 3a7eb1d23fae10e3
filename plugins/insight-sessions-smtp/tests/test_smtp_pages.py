"""The page in every mail: what it says, how it can be read, and that nothing in it comes alive."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.blocks import blocks, linked, parted
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.showing import LINKS, shown_links
from insight_sessions_smtp.variables import OWN, TONES, VARIABLES, direction, heading

from insight_sessions import Notice, NoticeKind
from insight_sessions.samples import example_notices
from insight_sessions.text import Labels
from insight_sessions.wording import PLACEHOLDERS
from tests.unit.mail_pages import Page, flat

LETTERS = Letters()
NOTICES = example_notices()
CONFIRMED, OFFERED = NOTICES[1], NOTICES[3]

every_notice = pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.id}-{notice.kind}")
every_choice = pytest.mark.parametrize("links", [{}, LINKS, None], ids=["no links", "all links", "likely links"])


def page(notice: Notice, links: dict[str, str] | None = None) -> Page:
    """The page that somebody sees."""
    return Page(LETTERS.write(notice, shown_links(notice) if links is None else links).html)


def luminance(colour: str) -> float:
    """How bright a colour is (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """By how much two colours differ (WCAG 2.2): 4.5 is enough for text, 3 for what is not text."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_kind_has_a_sample_and_a_tone() -> None:
    """What follows looks at every kind."""
    assert {notice.kind for notice in NOTICES} == set(NoticeKind) == set(TONES)
    assert set(TONES.values()) == {"good", "ask", "wait", "news", "end"}


@every_choice
@every_notice
def test_page_and_text_say_the_same(notice: Notice, links: dict[str, str] | None) -> None:
    """In the same order, word for word; where a link leads stands in the text only."""
    chosen = shown_links(notice) if links is None else links
    letter = LETTERS.write(notice, chosen)
    seen = Page(letter.html)
    title = notice.facts["project"]
    said = letter.text
    for url in chosen.values():
        assert said.count(f":\n{url}") == 1
        said = said.replace(f":\n{url}", "")
    top = flat(f"{title} {heading(notice.subject, title)}")
    assert seen.text == f"{top} {flat(said)}"
    assert letter.subject == seen.title == notice.subject
    assert heading(notice.subject, title) in notice.subject
    assert flat(notice.text) in flat(said) or chosen


@every_choice
@every_notice
def test_a_page_can_be_read_by_everybody(notice: Notice, links: dict[str, str] | None) -> None:
    """Language, one heading, tables for layout only, links that say where they lead, and nothing from elsewhere."""
    seen = page(notice, links)
    assert [seen.all("html")[0][name] for name in ("lang", "dir")] == ["en", "ltr"]
    (article,) = (one for one in seen.all("div") if "role" in one)
    assert [article[name] for name in ("role", "lang", "dir", "aria-label")] == ["article", "en", "ltr", notice.subject]
    assert len(seen.all("h1")) == len(seen.all("title")) == len(seen.all("body")) == 1
    assert all(one["role"] == "presentation" for one in seen.all("table"))
    names = {one["name"]: one["content"] for one in seen.all("meta") if "name" in one}
    assert names["color-scheme"] == names["supported-color-schemes"] == "light dark"
    assert seen.all("meta")[0] == {"charset": "utf-8"}
    for link in seen.all("a"):
        assert link["href"].startswith(("https://", "mailto:"))
    styles = [found["style"] for _, found in seen.elements if "style" in found] + [seen.style]
    assert not any(re.search(r"url\(|@import|expression|position|javascript", one) for one in styles)
    assert any("max-width:600px" in one for one in styles)


@every_notice
def test_a_link_says_what_it_does(notice: Notice) -> None:
    """Not "here": its words are its label; nothing else but an address is a link."""
    html = LETTERS.write(notice, LINKS).html
    words = {label: href for href, label in re.findall(r'<a class="[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>', html)}
    stands = {"unfollow": LABELS["forget"]}
    assert {stands.get(name, LABELS[name]): LINKS[name] for name in LINKS}.items() <= words.items()
    others = {label: href for label, href in words.items() if href not in LINKS.values()}
    assert all(href.removeprefix("mailto:") == label for label, href in others.items())


def test_what_a_notice_asks_comes_first_and_stands_out() -> None:
    """And whoever has not confirmed an address can have it forgotten."""
    seen = page(OFFERED)
    buttons = [one["class"] for one in seen.all("a") if "button" in one["class"]]
    assert buttons == ["button first", "button other", "button other", "button other"]
    confirm = next(one for one in NOTICES if one.kind is NoticeKind.CONFIRM_FOLLOWING)
    assert LABELS["forget"] in page(confirm).text
    update = next(one for one in NOTICES if one.kind is NoticeKind.UPDATE)
    assert page(update).text.endswith(LABELS["unfollow"])


def test_colours_can_be_told_apart_in_light_and_dark() -> None:
    """By whoever sees little."""
    html = LETTERS.write(OFFERED, LINKS).html
    light = [("#1d232b", "#ffffff"), ("#55606e", "#ffffff"), ("#1a4f9c", "#ffffff"), ("#1a4f9c", "#f1f3f6")]
    light += [("#1d232b", "#eef2f7"), ("#1a4f9c", "#eef2f7")]
    dark = [("#e8eaed", "#1f242c"), ("#b4bcc8", "#1f242c"), ("#9cc2ff", "#1f242c"), ("#9cc2ff", "#14171c")]
    dark += [("#ffffff", "#2a313c"), ("#9cc2ff", "#2a313c"), ("#10141a", "#9cc2ff")]
    for ink, paper in light + dark:
        assert ink in html
        assert paper in html
        assert contrast(ink, paper) >= 4.5, (ink, paper)
    accents = {re.search(r"border-top:5px solid (#\w+)", LETTERS.write(one).html) for one in NOTICES}
    assert all(found is not None and contrast(found[1], "#ffffff") >= 3 for found in accents)
    in_the_dark = re.findall(r"border-color: (#\w+)", html)
    assert len(in_the_dark) == 5
    assert all(contrast(one, "#1f242c") >= 3 for one in in_the_dark)


def test_a_session_stands_out_and_its_place_with_it() -> None:
    """Dates are what people look for; several are a list."""
    assert 'font-weight:600">Tuesday 6 July 2021, 14:00 to 16:00 (London time, BST)<br>\nWhere: Online</p>' in (
        LETTERS.write(CONFIRMED).html
    )
    waiting = next(one for one in NOTICES if one.kind is NoticeKind.WAITING)
    assert len(page(waiting).all("li")) == 2


def test_a_joining_link_can_be_pressed() -> None:
    """It stands on a line of its own."""
    joining = next(one for one in NOTICES if one.kind is NoticeKind.JOINING_DETAILS)
    assert {"https://meet.example.org/backlogs"} <= {one["href"] for one in page(joining).all("a")}


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", "ltr"), ("he", "rtl"), ("AR-EG", "rtl"), ("az-Arab", "rtl"), ("ar-Latn", "ltr"), ("zh-Hant", "ltr")],
)
def test_a_page_runs_as_its_language_is_written(language: str, expected: str) -> None:
    """By its script where the tag names one."""
    assert direction(language) == expected
    assert page(replace(CONFIRMED, language=language)).all("html")[0] == {"lang": language, "dir": expected}


def test_a_label_in_another_language_says_so() -> None:
    """So that a screen reader speaks it as it is meant."""
    seen = page(replace(OFFERED, language="cy"))
    assert {one.get("lang") for one in seen.all("a") if "button" in one["class"]} == {"en"}
    assert {one.get("lang") for one in page(OFFERED).all("a")} == {None}


@pytest.mark.parametrize(
    ("subject", "title", "expected"),
    [
        ("You have a place: Backlogs", "Backlogs", "You have a place"),
        ("Do you want updates? Backlogs", "Backlogs", "Do you want updates?"),
        ("Backlogs", "Backlogs", "Backlogs"),
        (": Backlogs", "Backlogs", ": Backlogs"),
        ("News of Backlogs", "Backlogs", "News of Backlogs"),
        ("A place: Backlo…", "Backlogs", "A place: Backlo…"),
        ("A place", "", "A place"),
    ],
)
def test_a_heading_leaves_out_the_title_that_stands_above_it(subject: str, title: str, expected: str) -> None:
    """Only where what is left makes sense."""
    assert heading(subject, title) == expected


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(str.strip)
TEXTS = st.lists(st.lists(LINES, min_size=1, max_size=3).map("\n".join), min_size=1, max_size=4).map("\n\n".join)
FACTS = st.dictionaries(st.sampled_from(sorted(PLACEHOLDERS)), LINES | st.just("a@example.org"), max_size=4)


@given(TEXTS, FACTS)
def test_blocks_add_nothing_and_leave_nothing_out(text: str, facts: dict[str, str]) -> None:
    """Whatever the words and the facts."""
    opening, closing = parted(text, facts)
    assert [*opening.split(), *closing.split()] == text.split()
    found = blocks(text, facts)
    assert [word for block in found for word in block.text.split()] == text.split()
    assert not found[-1].leads
    assert all(block.lines for block in found)


@given(TEXTS)
def test_whatever_a_text_holds_stays_text(text: str) -> None:
    """No element comes of it but a break, or a link to an address that it shows."""
    html = str(linked(text, "insight@example.org"))
    seen = Page(f"<p>{html}</p>")
    assert seen.text == flat(text)
    assert {tag for tag, _ in seen.elements} <= {"p", "br", "a"}


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.org/a?b=1&c=2", ["https://example.org/a?b=1&c=2"]),
        ("Hello https://example.org/", []),
        ("https://example.org/ https://example.org/", []),
        ('https://example.org/"onclick=', []),
        ("http://example.org/", []),
        ("javascript:alert(1)", []),
        ("write to insight@example.org, or insight@example.org.", ["mailto:insight@example.org"] * 2),
        ("x-insight@example.org insight@example.org.evil.example insight@example.orgs", []),
    ],
)
def test_only_a_whole_line_or_the_organiser_is_a_link(text: str, links: list[str]) -> None:
    """So no name can be one, nor hide where it leads."""
    seen = Page(f"<p>{linked(text, 'insight@example.org')}</p>")
    assert [one["href"] for one in seen.all("a")] == links
    assert seen.text == text


def test_an_odd_address_is_written_to_as_it_is() -> None:
    """What means something in a mailto link is spelt out."""
    assert Page(f"<p>{linked('a?bcc=x@example.org', 'a?bcc=x@example.org')}</p>").all("a") == [
        {"class": "link", "href": "mailto:a%3Fbcc%3Dx@example.org", "style": "color:#1a4f9c"}
    ]
    assert linked("insight@example.org", "") == "insight@example.org"


@pytest.mark.parametrize("url", ["http://example.org", "javascript:alert(1)", "https://x y", "https://x\ny", ""])
def test_a_link_that_is_none_is_refused(url: str) -> None:
    """Without repeating it: it is a key."""
    with pytest.raises(ValueError, match="the link for 'accept' is not a web address"):
        LETTERS.write(OFFERED, {"accept": url})
    with pytest.raises(ValueError, match="an action that is not known here"):
        LETTERS.write(OFFERED, {"forget-me": "https://example.org/x"})


def test_our_variables_are_those_of_the_words_and_a_few_more() -> None:
    """No name means two things."""
    assert not OWN.keys() & PLACEHOLDERS.keys()
    assert VARIABLES.keys() == OWN.keys() | PLACEHOLDERS.keys()


def test_a_notice_without_facts_is_a_page_too() -> None:
    """Somebody else may have made it."""
    bare = replace(CONFIRMED, facts=Labels())
    assert flat(bare.text) in page(bare).text
