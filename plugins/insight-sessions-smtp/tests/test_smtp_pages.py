"""The page in every mail: what it says, how it can be read, and that nothing in it comes alive."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.blocks import blocks, linked, parted
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.showing import LINKS
from insight_sessions_smtp.variables import OWN, TONES, VARIABLES, direction, heading

from insight_sessions import LinkAction, Notice, NoticeKind
from insight_sessions.samples import example_notices
from insight_sessions.text import Labels
from insight_sessions.wording import PLACEHOLDERS
from tests.unit.mail_pages import Page, flat

unhurried = settings(deadline=None)
LETTERS = Letters()
NOTICES, LINKED = example_notices(), example_notices(links=True)
ALL_LINKS = tuple(replace(one, links=LINKS) for one in NOTICES)  # as with words that know of none
CONFIRMED, OFFERED = LINKED[1], LINKED[3]

every_notice = pytest.mark.parametrize("notice", LINKED, ids=lambda notice: f"{notice.id}-{notice.kind}")
however_linked = pytest.mark.parametrize(
    "notice",
    [
        pytest.param(notice, id=f"{notice.id}-{notice.kind}-{how}")
        for how, shown in {"unlinked": NOTICES, "linked": LINKED, "all": ALL_LINKS}.items()
        for notice in shown
    ],
)


def page(notice: Notice) -> Page:
    """The page that somebody sees."""
    return Page(LETTERS.write(notice).html)


def one_of(kind: NoticeKind) -> Notice:
    """A notice of a kind."""
    return next(one for one in LINKED if one.kind is kind)


def label(action: str, notice: Notice) -> str:
    """What stands on a link."""
    return LABELS["forget" if action == "unfollow" and "follow" in notice.links else action]


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
    assert {action for notice in LINKED for action in notice.links} == set(LinkAction)
    assert LABELS.keys() == {*map(str, LinkAction), "forget"}
    assert set(TONES.values()) == {"good", "ask", "wait", "news", "end"}


@however_linked
def test_page_and_text_say_the_same(notice: Notice) -> None:
    """In the same order, word for word; where a link leads stands in the text only."""
    letter = LETTERS.write(notice)
    seen = Page(letter.html)
    title = notice.facts["project"]
    said = letter.text
    for action, url in notice.links.items():
        assert said.split("\n").count(url) == 1
        words = label(action, notice)
        said = said.replace(url, words) if url in notice.text else said.replace(f"{words}:\n{url}", words)
    top = flat(f"{title} {heading(notice.subject, title)}")
    assert seen.text == f"{top} {flat(said)}"
    assert letter.subject == seen.title == notice.subject
    assert heading(notice.subject, title) in notice.subject
    assert all(paragraph in letter.text for paragraph in notice.text.split("\n\n"))


@however_linked
def test_a_page_can_be_read_by_everybody(notice: Notice) -> None:
    """Language, one heading, tables for layout only, links that say where they lead, and nothing from elsewhere."""
    seen = page(notice)
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


@however_linked
def test_a_link_says_what_it_does(notice: Notice) -> None:
    """Not "here": its words are its label; nothing else is a link but an address that is shown."""
    html = LETTERS.write(notice).html
    found = re.findall(r'<a class="[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>', html)
    assert {(url, label(action, notice)) for action, url in notice.links.items()} <= {*found}
    assert all(url.removeprefix("mailto:") == words for url, words in found if url not in notice.links.values())


def test_what_a_notice_asks_stands_out() -> None:
    """Where its words say it; what they do not say comes after them."""
    buttons = [(one["class"], one["href"]) for one in page(OFFERED).all("a") if "button" in one["class"]]
    links = OFFERED.links
    assert buttons == [
        ("button first", links["accept"]),
        ("button other", links["refuse"]),
        ("button other", links["switch"]),
        ("button other", links["withdraw"]),
    ]
    text = LETTERS.write(OFFERED).text
    assert text.index(links["refuse"]) < text.index("If we do not hear from you") < text.index(links["switch"])
    assert text.index(links["withdraw"]) < text.index("With best wishes,")


def test_a_follower_can_leave_and_an_address_can_be_forgotten() -> None:
    """In the words of the notice, or at the end where those have none."""
    confirm, update = one_of(NoticeKind.CONFIRM_FOLLOWING), one_of(NoticeKind.UPDATE)
    assert LABELS["forget"] in page(confirm).text
    assert LABELS["unfollow"] in page(update).text
    words = update.text.replace(update.links["unfollow"], "(nothing)")
    assert page(replace(update, text=words)).text.endswith(LABELS["unfollow"])
    assert LETTERS.write(replace(update, text=words)).text.endswith(
        f"{LABELS['unfollow']}:\n{update.links['unfollow']}"
    )


def test_colours_can_be_told_apart_in_light_and_dark() -> None:
    """By whoever sees little."""
    html = LETTERS.write(OFFERED).html
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
    assert len(page(one_of(NoticeKind.WAITING)).all("li")) == 2


def test_a_joining_link_can_be_pressed() -> None:
    """It stands on a line of its own."""
    assert "https://meet.example.org/backlogs" in [
        one["href"] for one in page(one_of(NoticeKind.JOINING_DETAILS)).all("a")
    ]


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


@unhurried
@given(TEXTS, FACTS)
def test_blocks_add_nothing_and_leave_nothing_out(text: str, facts: dict[str, str]) -> None:
    """Whatever the words and the facts."""
    opening, closing = parted(text, facts)
    assert [*opening.split(), *closing.split()] == text.split()
    found = blocks(text, facts)
    assert [word for block in found for word in block.text.split()] == text.split()
    assert not found[-1].leads
    assert all(block.lines for block in found)


@unhurried
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
        LETTERS.write(replace(OFFERED, links={"accept": url}))


def test_what_a_later_release_offers_is_a_link_in_the_words() -> None:
    """A mail goes out all the same."""
    links = {"forget": "https://example.org/1", "swap": "https://example.org/2"}
    notice = replace(OFFERED, links=links, text="Hello,\n\nTo swap:\nhttps://example.org/2")
    seen = page(notice)
    assert [one["href"] for one in seen.all("a")] == ["https://example.org/2"]
    assert seen.text.endswith("To swap: https://example.org/2")


def test_our_variables_are_those_of_the_words_and_a_few_more() -> None:
    """No name means two things."""
    assert not OWN.keys() & PLACEHOLDERS.keys()
    assert VARIABLES.keys() == OWN.keys() | PLACEHOLDERS.keys()


def test_a_notice_without_facts_is_a_page_too() -> None:
    """Somebody else may have made it."""
    bare = replace(NOTICES[1], facts=Labels())
    assert flat(bare.text) in page(bare).text
