"""Every mail as files to look at: ``python -m insight_sessions_smtp.preview FOLDER [--templates FOLDER]``.

The people and the project are made up. Each mail is there as ``.eml`` for a mail program, as ``.html`` for a browser
and as ``.txt``; ``index.html`` shows them all.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Final

from insight_sessions import Notice
from insight_sessions.samples import example_notices
from insight_sessions_smtp.errors import TemplatesError
from insight_sessions_smtp.letters import Letters

_HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Every mail, to look at</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
iframe { width: 100%; height: 46rem; border: 1px solid #888; border-radius: 6px; }
h2 { margin: 3rem 0 0; font-size: 1.2rem; }
</style>
</head>
<body>
<h1>Every mail, to look at</h1>
<p>People, project and links are made up.</p>
"""


def preview(folder: Path | str, letters: Letters, language: str = "en") -> tuple[Path, ...]:
    """Write every kind of mail into a folder, to look at.

    Args:
        folder: where; it is made when it is not there, and files of the same names are replaced.
        letters: what makes them, with your templates or without.
        language: whose templates to use. The words of the made-up notices are English in any case.

    Returns:
        The files, first the page that shows all others.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    shown: list[str] = []
    for number, one in enumerate(example_notices(links=True), 1):
        notice = replace(one, language=language)
        name = f"{number:02}-{notice.kind}"
        letter = letters.write(notice)
        for ending, content in (
            ("eml", letters.build(notice)),
            ("html", letter.html.encode("utf-8")),
            ("txt", f"{letter.text}\n".encode()),
        ):
            file = place / f"{name}.{ending}"
            file.write_bytes(content)
            written.append(file)
        shown.append(_shown(name, notice, letter.subject))
    index = place / "index.html"
    index.write_text(f"{_HEAD}{''.join(shown)}</body>\n</html>\n", encoding="utf-8")
    return index, *written


def _shown(name: str, notice: Notice, subject: str) -> str:
    """One mail on the page of all."""
    invite = "no invite" if notice.invite is None else f"with a calendar {notice.invite.method}"
    files = " · ".join(f'<a href="{name}.{ending}">{name}.{ending}</a>' for ending in ("html", "txt", "eml"))
    return (
        f"<h2>{escape(subject)}</h2>\n<p>{escape(notice.kind)}, {invite}<br>{files}</p>\n"
        f'<iframe sandbox="" loading="lazy" title="{escape(subject)}" src="{name}.html"></iframe>\n'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command.

    Returns:
        1 when the templates cannot be used, else 0.
    """
    name = "python -m insight_sessions_smtp.preview"
    parser = argparse.ArgumentParser(prog=name, description="Write every mail as files.")
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--templates", type=Path, help="a folder of your own templates")
    parser.add_argument("--language", default="en", help="whose templates to use (en)")
    given = parser.parse_args(arguments)
    try:
        letters = Letters(templates=given.templates)
    except TemplatesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    index, *others = preview(given.folder, letters, given.language)
    sys.stdout.write(f"{len(others) // 3} mails, to look at: {index}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
