"""How the manual is built: strictly, and without the network."""

import pkgutil
from importlib import import_module, metadata

from docutils.nodes import Element  # type: ignore[import-untyped]  # it brings none
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import insight_sessions

project = "insight_sessions"
author = "The insight_sessions authors"
copyright = "2026, " + author
release = metadata.version("insight-sessions")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = True
# What belongs to others has no page here, and the manual is built without the network.
OTHERS = (
    "annotated_types collections contextlib datetime email enum icalendar os pathlib pluggy pydantic pydantic_core "
    "pytest rpds threading types typing zoneinfo"
)
nitpick_ignore_regex = [("py:.*", rf"({OTHERS.replace(' ', '|')})\..*")]

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autoclass_content = "class"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"insight_sessions {release}"
html_show_sourcelink = False
templates_path: list[str] = []


def known_names() -> set[str]:
    """Every name that a module of ours knows: what a signature may say although it has no page here."""
    names: set[str] = set()
    for found in pkgutil.walk_packages(insight_sessions.__path__, "insight_sessions."):
        names.update(vars(import_module(found.name)))
    return names


KNOWN = known_names()


def resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: Element) -> Element | None:
    """Find a public name by its short form or its true home; show what has no page as plain words.

    A name that is nowhere in the library stays a warning, and so an error.
    """
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"].rpartition(".")[2]
    if name in insight_sessions.__all__:
        target = f"insight_sessions.{name}"
        return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, shown)
    return shown if name in KNOWN else None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("missing-reference", resolve)
