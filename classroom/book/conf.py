"""Sphinx's settings for the book; `build.py` lays its pages beside this file and runs it."""

import re

from docutils import nodes

from classroom.review import stamp
from utils.page import BANNER
from utils.phrases import phrase

project = html_title = "MAS Casebook"
author = "the MAS Casebook contributors"
project_copyright = f"{author}. Text, figures and data: CC BY 4.0. Code: BSD-3-Clause"
language = "en-GB"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.githubpages", "sphinx.ext.napoleon"]
nb_execution_mode = "off"  # what is shown is what is stored, and tested
nb_mime_priority_overrides = [("html", "text/html", 0)]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # a default as it is written, and not where this machine keeps its files
nb_code_prompt_show = nb_code_prompt_hide = "Code"

smartquotes = False  # a quotation mark may be data
linkcheck_retries = 3
html_theme = "sphinx_book_theme"
html_static_path, templates_path = ["static"], ["templates"]
html_css_files, html_js_files = ["book.css"], ["book.js"]
html_copy_source = html_show_sourcelink = False  # a notebook alone does not run: it needs utils and casedata
html_use_index = html_domain_indices = False
html_show_search_summary = False  # a hit tells its page, not what becomes known there
html_search_scorer = "static/scorer.js"
html_theme_options = {
    "use_download_button": False,
    "show_navbar_depth": 1,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # one field to search in, that of the sidebar
    "footer_content_items": ["copyright.html", "extra-footer.html"],
    "extra_footer": f"<p>{BANNER}</p><p>{phrase('kit.case')}</p><p>{stamp()}</p>",
}

BARRED = (nodes.title, nodes.reference, nodes.literal, nodes.raw, nodes.literal_block)


def link_terms(app, doctree, page):
    """Link the first use of each word of the glossary on a page of the journey."""
    entries = (
        app.env.get_doctree("glossary").findall(nodes.definition_list_item) if page.startswith("notebooks/") else ()
    )
    places = {}  # of each term its entry, which several may share
    for terms in ([*entry.findall(nodes.term)] for entry in entries):
        places |= {term.astext(): terms[0]["ids"][0] for term in terms}
    for text in list(doctree.findall(nodes.Text)) if places else ():
        node = text
        while node is not doctree and not isinstance(node, BARRED):
            node = node.parent
        if node is not doctree:
            continue
        words, made = str(text), []
        while places and (found := re.search(rf"(?<![\w-])({'|'.join(map(re.escape, places))})(?![\w-])", words)):
            there = f"{app.builder.get_relative_uri(page, 'glossary')}#{places[found[1]]}"
            link = nodes.reference("", found[1], refuri=there, internal=True, classes=["term-link"])
            made += [nodes.Text(words[: found.start()]), link]
            words = words[found.end() :]
            places = {term: place for term, place in places.items() if place != places[found[1]]}
        if made:
            text.parent.replace(text, [*made, nodes.Text(words)])


def handle(app, uri):
    """The address by which a DOI is looked up: its own registry knows it, and no publisher refuses that."""
    return uri.replace("//doi.org/10.", "//doi.org/api/handles/10.") if "//doi.org/10." in uri else None


def setup(app):
    app.connect("doctree-resolved", link_terms)
    app.connect("linkcheck-process-uri", handle)
    return {"parallel_read_safe": True}
