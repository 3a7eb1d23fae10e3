"""How the manual is built: strictly, and without the network."""

from importlib import metadata

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
