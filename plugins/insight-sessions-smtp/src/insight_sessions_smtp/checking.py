"""A host's templates, read as a whole and shown every kind of notice before the first mail is written."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from insight_sessions import NoticeKind
from insight_sessions_smtp.actions import LABELS
from insight_sessions_smtp.errors import TemplatesError
from insight_sessions_smtp.showing import faults
from insight_sessions_smtp.templating import ENDINGS, EVERY, LABEL_FILE, Folder, Templates, environment
from insight_sessions_smtp.variables import VARIABLES

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_STEMS: Final = frozenset({*map(str, NoticeKind), EVERY})


@dataclass(slots=True)
class _Reading:
    """What is read of a folder, and what is wrong with it.

    Args:
        path: the folder.
        trees: what each template says, by its name.
        wanted: which variables each wants to be given.
        labels: what stands on links, by language.
        problems: one sentence each.
    """

    path: Path
    trees: dict[str, nodes.Template] = field(default_factory=dict[str, nodes.Template])
    wanted: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    problems: list[str] = field(default_factory=list[str])


def load(path: Path) -> Templates:
    """The templates of a folder, before ours.

    Args:
        path: the folder.

    Raises:
        TemplatesError: something in it is wrong; all that was found is told, with file and line.
    """
    if not path.is_dir():
        raise TemplatesError(path, ["there is no such folder"])
    found, reading = environment(path), _Reading(path)
    for file in sorted(path.rglob("*")):
        if file.is_file() and not file.name.startswith("."):
            _read(file, found, reading)
    folder = _folder(reading)
    reading.problems += _unknown_variables(reading)
    reading.problems += _unknown_templates(found, reading)
    reading.problems += _unused(reading, folder)
    templates = Templates(found, folder)
    if not reading.problems:
        # Shown only what can be read, or one mistake would be told many times.
        reading.problems += faults(templates, path, _languages(folder))
    if reading.problems:
        raise TemplatesError(path, reading.problems)
    return templates


def _read(file: Path, found: Environment, reading: _Reading) -> None:
    name = file.relative_to(reading.path).as_posix()
    try:
        text = file.read_text(encoding="utf-8")
        if file.name == LABEL_FILE:
            reading.labels[name] = _labels(text)
        elif file.suffix.removeprefix(".") in ENDINGS:
            tree = found.parse(text, name)
            reading.wanted[name] = meta.find_undeclared_variables(tree)  # and refuse a filter that there is not
            reading.trees[name] = tree
        else:
            reading.problems.append(f"{name}: templates end in .html, .txt or .subject, and labels are in {LABEL_FILE}")
    except UnicodeDecodeError:
        reading.problems.append(f"{name}: it is not written in UTF-8")
    except TemplateSyntaxError as error:
        reading.problems.append(f"{name}, line {error.lineno}: {error.message}")
    except ValueError as error:
        reading.problems.append(f"{name}: {error}")


def _labels(text: str) -> Mapping[str, str]:
    """What stands on links, by the name of the action.

    Raises:
        ValueError: it says something else.
    """
    found = tomllib.loads(text)
    for name, label in found.items():
        if name not in LABELS:
            raise ValueError(f"there is no action {name!r}{_meant(name, LABELS)}")
        if not isinstance(label, str) or not label.strip() or not label.isprintable():
            raise ValueError(f"the label of {name!r} must be one line of text")
    return found


def _folder(reading: _Reading) -> Folder:
    """What of it is found by kind and language."""
    templates = {name.lower(): name for name in reading.trees if _is_looked_for(name)}
    labels = {name.lower().rpartition("/")[0]: found for name, found in reading.labels.items()}
    return Folder(templates, labels)


def _languages(folder: Folder) -> set[str]:
    places = (name.rpartition("/")[0] for name in folder.templates)
    return {*folder.labels, *filter(None, places)}


def _is_looked_for(name: str) -> bool:
    language, _, file = name.rpartition("/")
    return file.rpartition(".")[0].lower() in _STEMS and (not language or _LANGUAGE.fullmatch(language) is not None)


def _unknown_variables(reading: _Reading) -> Iterator[str]:
    # A part of a page may use what the page that includes it has set.
    given = {one.name for tree in reading.trees.values() for one in tree.find_all(nodes.Name) if one.ctx != "load"}
    for name, tree in reading.trees.items():
        known = set(VARIABLES) if _is_looked_for(name) else {*VARIABLES, *given}
        unknown = reading.wanted[name] - known
        lines = {one.name: one.lineno for one in reversed([*tree.find_all(nodes.Name)]) if one.name in unknown}
        for variable, line in sorted(lines.items(), key=lambda pair: pair[1]):
            yield f"{name}, line {line}: there is no variable {variable!r}{_meant(variable, known)}"


def _unknown_templates(found: Environment, reading: _Reading) -> Iterator[str]:
    known = found.list_templates()
    for name, tree in reading.trees.items():
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            wanted: object = vars(node)["template"]  # each of them has it, and what they have in common has not
            if isinstance(wanted, nodes.Const) and wanted.value not in known:
                yield f"{name}, line {node.lineno}: there is no template {wanted.value!r}{_meant(wanted.value, known)}"


def _unused(reading: _Reading, folder: Folder) -> Iterator[str]:
    """Whatever nobody would ever look for, such as a misspelt kind."""
    used = {one for tree in reading.trees.values() for one in meta.find_referenced_templates(tree)}
    if None in used:
        return  # a name that is known only when it is shown
    for name in reading.trees.keys() - folder.templates.values() - used:
        stem = name.rpartition("/")[2].rpartition(".")[0]
        place = name.rpartition("/")[0]
        if stem in _STEMS:
            yield f"{name}: {place!r} is not the tag of a language"
        else:
            yield f"{name}: there is no kind of notice {stem!r}, and no template that uses it{_meant(stem, _STEMS)}"
    for name in reading.labels:
        if not _LANGUAGE.fullmatch(name.rpartition("/")[0]):
            yield f"{name}: labels belong into the folder of a language, such as en/{LABEL_FILE}"


def _meant(wanted: object, known: Mapping[str, object] | frozenset[str] | set[str] | list[str]) -> str:
    close = get_close_matches(str(wanted), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
