"""A host's own templates: where they are looked for, what they get, and how a mistake in them is told."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.blocks import Shape
from insight_sessions_smtp.errors import TemplatesError
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.preview import main, preview
from insight_sessions_smtp.showing import LINKS
from insight_sessions_smtp.templating import narrowing
from insight_sessions_smtp.variables import OWN, TONES, VARIABLES

from insight_sessions import InsightSessionsError, Notice, NoticeKind
from insight_sessions.samples import example_notices
from insight_sessions.wording import PLACEHOLDERS
from tests.unit.mail_pages import Page

NOTICES = example_notices(links=True)
CONFIRMED = NOTICES[1]
WAITING = next(one for one in NOTICES if one.kind is NoticeKind.WAITING)

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a folder of templates; a name without one is for every kind."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / "templates" / name.replace("__", "/").replace("_DOT_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / "templates"

    return write


def refused(folder: Path) -> list[str]:
    """What is wrong with a folder."""
    with pytest.raises(TemplatesError) as found:
        Letters(templates=folder)
    assert isinstance(found.value, InsightSessionsError)
    assert found.value.folder == folder
    assert str(found.value).startswith(f"the templates in {folder} cannot be used:\n  ")
    assert all(problem in str(found.value) for problem in found.value.problems)
    return list(found.value.problems)


def text(letters: Letters, notice: Notice) -> str:
    """The words of a notice."""
    return letters.write(notice).text


def test_the_narrowest_language_comes_first_and_in_it_the_kind(put: Put) -> None:
    """Then the broader language, then what is for every language, then ours."""
    folder = put(
        **{
            "pt-BR__place_confirmed_DOT_txt": "narrow, this kind",
            "pt__letter_DOT_txt": "broad, every kind",
            "pt__waiting_DOT_txt": "broad, waiting",
            "waiting_DOT_txt": "every language, waiting",
        }
    )
    letters = Letters(templates=folder)
    for notice, language, expected in (
        (CONFIRMED, "pt-BR", "narrow, this kind"),
        (CONFIRMED, "pt-br", "narrow, this kind"),
        (CONFIRMED, "pt-PT", "broad, every kind"),
        (WAITING, "pt-BR", "broad, waiting"),
        (WAITING, "cy", "every language, waiting"),
        (CONFIRMED, "cy", CONFIRMED.text),
    ):
        assert text(letters, replace(notice, language=language)) == expected
    assert letters.write(CONFIRMED).html == Letters().write(CONFIRMED).html
    assert narrowing("zh-Hant-TW") == ("zh-hant-tw", "zh-hant", "zh")


def test_a_template_may_extend_ours(put: Put) -> None:
    """And change a part of it; with the same name, too."""
    folder = put(
        letter_DOT_html='{% extends "built-in/letter.html" %}{% block closing %}<p>{{ name }}</p>{% endblock %}',
        letter_DOT_txt='{% extends "built-in/letter.txt" %}{% block closing %}{% include "_bye.txt" %}{% endblock %}',
        _bye_DOT_txt="\nBye, {{ name }}",
    )
    notice = replace(CONFIRMED, facts={**CONFIRMED.facts, "name": "<b>Zoë</b>"})
    letter = Letters(templates=folder).write(notice)
    assert "<p>&lt;b&gt;Zoë&lt;/b&gt;</p>" in letter.html
    assert Page(letter.html).text != Page(Letters().write(notice).html).text
    assert letter.text.endswith("\n\nBye, <b>Zoë</b>")


def test_a_subject_is_one_line_of_the_usual_length(put: Put) -> None:
    """Whatever a template makes of it; with nothing in it, it is that of the notice."""
    folder = put(
        place_confirmed_DOT_subject="  {{ project }}\n  {{ session }} ",
        waiting_DOT_subject="{{ subject * 20 }}",
        declined_DOT_subject="{{ reason or subject }}",
    )
    letters = Letters(templates=folder)
    confirmed = letters.write(CONFIRMED)
    assert confirmed.subject == "Exploring COVID-19 backlogs Tuesday 6 July 2021, 14:00 to 16:00 (London time, BST)"
    assert Page(confirmed.html).title == confirmed.subject
    assert f"Subject: {confirmed.subject[:30]}".encode() in letters.build(CONFIRMED)
    assert len(letters.write(WAITING).subject) == 200
    blank = next(one for one in NOTICES if one.kind is NoticeKind.DECLINED)
    assert letters.write(replace(blank, facts={**blank.facts, "reason": " "})).subject == blank.subject


def test_every_variable_is_always_there(put: Put) -> None:
    """For every kind, with links and without."""
    everything = "".join(f"{{{{ {name} }}}}\n" for name in VARIABLES)
    folder = put(
        letter_DOT_txt="Hello\n" + everything, letter_DOT_html=everything + "<p>", letter_DOT_subject="x" + everything
    )
    letters = Letters(templates=folder)
    for notice in NOTICES:
        assert notice.recipient.name in letters.write(notice).text


def test_links_have_labels_in_each_language(put: Put) -> None:
    """Those that are missing are in the broader language, or in English."""
    folder = put(
        de__labels_DOT_toml='withdraw = "Ich kann nicht mehr"\n', **{"de-AT__labels_DOT_toml": 'switch = "Anders"\n'}
    )
    letter = Letters(templates=folder).write(replace(CONFIRMED, language="de-AT", links=LINKS))
    assert f"Ich kann nicht mehr:\n{LINKS['withdraw']}" in letter.text
    assert f"Anders:\n{LINKS['switch']}" in letter.text
    assert f"{LABELS['feed']}:\n{LINKS['feed']}" in letter.text
    languages = {one["href"]: one.get("lang") for one in Page(letter.html).all("a")}
    assert (languages[LINKS["withdraw"]], languages[LINKS["feed"]]) == (None, "en")
    assert Letters(templates=folder).write(CONFIRMED) == Letters().write(CONFIRMED)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "cy__place_confirmed_DOT_html",
            "<p>\n\n{{ sesion }}</p>{{ sesion }}",
            "cy/place_confirmed.html, line 3: there is no variable 'sesion'; did you mean 'session'?",
        ),
        ("letter_DOT_txt", "{% if qqq %}x{% endif %}x", "letter.txt, line 1: there is no variable 'qqq'"),
        (
            "letter_DOT_txt",
            "x\n{{ leave.lable }}",
            "letter.txt, line 2: 'None' has no attribute 'lable' (shown a notice of the kind interest_received)",
        ),
        (
            "waiting_DOT_html",
            "x\n{% for one in actions %}\n{{ one.lable }}{% endfor %}",
            (
                "waiting.html, line 3: 'insight_sessions_smtp.actions.Action object' has no attribute 'lable' "
                "(shown a notice of the kind waiting)"
            ),
        ),
        ("letter_DOT_txt", "x{{ session|upcase }}", "letter.txt, line 1: No filter named 'upcase'."),
        (
            "letter_DOT_html",
            "x\n{% if name %}",
            (
                "letter.html, line 2: Unexpected end of template. Jinja was looking for the following tags: 'elif' or "
                "'else' or 'endif'. The innermost block that needs to be closed is 'if'."
            ),
        ),
        ("waiting_DOT_txt", " {{ reason }}\n", "waiting.txt: it shows nothing for a notice of the kind waiting"),
        (
            "waiting_DOT_txt",
            "{{ 1 / 0 }}",
            "waiting.txt, line 1: division by zero (shown a notice of the kind waiting)",
        ),
        (
            "waitng_DOT_txt",
            "x",
            "waitng.txt: there is no kind of notice 'waitng', and no template that uses it; did you mean 'waiting'?",
        ),
        ("english__waiting_DOT_txt", "x", "english/waiting.txt: 'english' is not the tag of a language"),
        (
            "letter_DOT_html",
            '\n{% extends "buil-in/letter.html" %}',
            "letter.html, line 2: there is no template 'buil-in/letter.html'; did you mean 'built-in/letter.html'?",
        ),
        ("letter_DOT_txt", '{% include "zzz" %}', "letter.txt, line 1: there is no template 'zzz'"),
        (
            "letter_DOT_htm",
            "x",
            "letter.htm: templates end in .html, .txt or .subject, and labels are in labels.toml",
        ),
        ("de__labels_DOT_toml", 'acept = "Ja"', "de/labels.toml: there is no action 'acept'; did you mean 'accept'?"),
        ("de__labels_DOT_toml", "accept = 1", "de/labels.toml: the label of 'accept' must be one line of text"),
        ("de__labels_DOT_toml", 'accept = " "', "de/labels.toml: the label of 'accept' must be one line of text"),
        ("de__labels_DOT_toml", 'accept = "a\\nb"', "de/labels.toml: the label of 'accept' must be one line of text"),
        (
            "labels_DOT_toml",
            'accept = "Ja"',
            "labels.toml: labels belong into the folder of a language, such as en/labels.toml",
        ),
        (
            "de__labels_DOT_toml",
            "accept",
            "de/labels.toml: Expected '=' after a key in a key/value pair (at end of document)",
        ),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(put: Put, name: str, content: str, problem: str) -> None:
    """Before the first mail is written."""
    found = refused(put(**{name: content}))
    assert problem in found
    assert len(found) == 1 or "shown a notice" in problem


def test_all_mistakes_are_told_at_once(put: Put) -> None:
    """So that they can be mended at once."""
    folder = put(waiting_DOT_txt="{{ a1 }}\n{{ b1 }}", letter_DOT_html="{% if", cy__letter_DOT_subject="{{ c1 }}")
    assert len(refused(folder)) == 4


def test_a_folder_must_be_one_and_its_files_text(tmp_path: Path) -> None:
    """Told like any other mistake."""
    assert refused(tmp_path / "none") == ["there is no such folder"]
    (tmp_path / "letter.txt").write_bytes(b"\xff")
    (tmp_path / ".DS_Store").write_bytes(b"\xff")
    assert refused(tmp_path) == ["letter.txt: it is not written in UTF-8"]


def test_a_part_may_use_what_is_set_where_it_is_used(put: Put) -> None:
    """A template that only others use is for no kind; by what name, may be known only when it is shown."""
    rows = '{% for one in actions %}{% include "_row.txt" %}{% endfor %}x'
    folder = put(letter_DOT_txt=rows, _row_DOT_txt="{{ one.label }}\n")
    assert LABELS["accept"] in Letters(templates=folder).write(replace(CONFIRMED, links=LINKS)).text
    (folder / "_row.txt").unlink()
    folder = put(letter_DOT_txt='{% include "_" ~ tone ~ ".txt" ignore missing %}x', _good_DOT_txt="Good. ")
    assert text(Letters(templates=folder), CONFIRMED) == "Good. x"


def test_every_mail_is_written_to_be_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As files that mail programs and browsers open."""
    assert main([str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"{len(NOTICES)} mails, to look at: {tmp_path / 'out' / 'index.html'}\n"
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    letters = Letters()
    for number, notice in enumerate(NOTICES, 1):
        name = f"{number:02}-{notice.kind}"
        assert (tmp_path / "out" / f"{name}.eml").read_bytes() == letters.build(notice)
        assert (tmp_path / "out" / f"{name}.html").read_text(encoding="utf-8") == letters.write(notice).html
        assert (tmp_path / "out" / f"{name}.txt").read_text(encoding="utf-8") == letters.write(notice).text + "\n"
        assert f'src="{name}.html"' in index
    assert "<script" not in index


def test_own_templates_can_be_looked_at_and_mended(
    put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the language that they are for."""
    folder = put(cy__letter_DOT_txt="Shwmae {{ name }}")
    assert main([str(tmp_path / "out"), "--templates", str(folder), "--language", "cy"]) == 0
    assert (tmp_path / "out" / "02-place_confirmed.txt").read_text(encoding="utf-8") == "Shwmae Ada Osei\n"
    put(cy__letter_DOT_txt="Shwmae {{ nmae }}")
    command = [sys.executable, "-m", "insight_sessions_smtp.preview", str(tmp_path / "out"), "--templates", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cy/letter.txt, line 1: there is no variable 'nmae'; did you mean 'name'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert main([str(tmp_path / "out"), "--templates", str(folder)]) == 1
    assert capsys.readouterr().err == done.stderr


def test_what_is_looked_at_is_where_it_was_asked_for(tmp_path: Path) -> None:
    """First the page with all of them; a second time, they replace the first."""
    for _ in range(2):
        found = preview(tmp_path, Letters())
        assert sorted(found) == sorted(tmp_path.iterdir())
        assert found[0].name == "index.html"


def test_every_variable_action_and_shape_is_in_the_manual() -> None:
    """By its name; those of the words stand where words are explained."""
    docs = Path(__file__).resolve().parents[3] / "docs"
    manual, words = (docs / name for name in ("mail.md", "notices.md"))
    for name in (*OWN, *LABELS, *get_args(Shape), *TONES.values()):
        assert f"`{name}`" in manual.read_text(encoding="utf-8"), name
    for name in PLACEHOLDERS:
        assert f"`{{{name}}}`" in words.read_text(encoding="utf-8"), name
