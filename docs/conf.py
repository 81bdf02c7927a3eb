"""Settings of Sphinx for the documentation. docs/build_site.py calls Sphinx."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

# This folder has an extension of its own, site_links.
sys.path.insert(0, str(Path(__file__).parent))

project = "skymms"
release = metadata.version("skymms")
author = "The skymms developers"
copyright = "The skymms developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton", "site_links"]

# Anchors of headings are those of code hosts, so that a link works there and here.
myst_heading_anchors = 6
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]

# A block without a language is output or a command, not Python.
highlight_language = "none"

# Docstrings are reStructuredText. A name in single backticks is code, as in Markdown.
default_role = "code"
nitpicky = True
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 72
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"skymms {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
# The prompts of a shell are not copied, and neither is output.
copybutton_exclude = ".linenos, .gp, .go"
