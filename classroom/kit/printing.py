"""From pages to paper: the browser of this machine prints them, where there is one."""

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from html import escape

from classroom.kit.pages import stamp
from lab import BROWSERS
from utils.phrases import phrase

HOW = phrase("kit.no_pdf")
PAGE = re.compile(rb"/Type\s*/Page\b")  # and not /Pages
FOOT = """<div style="font: 6pt sans-serif; width: 100%; margin: 0 15mm; display: flex; gap: 4mm">
<span style="flex: 1">{foot}</span>
<span style="white-space: nowrap">{pages}</span></div>"""
PAGES = {"page": '<span class="pageNumber"></span>', "pages": '<span class="totalPages"></span>'}


def browser_here():
    """The path of a browser that can be driven, or None."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return None
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pages(files, browser):
    """Print pages as tagged PDFs, a dict of page -> PDF (Path); nothing is asked for outside this machine.

    `browser` is what `browser_here` found. Returns why not all are printed, in a line; empty where they are.
    """
    listed = [*files.items()]
    with ThreadPoolExecutor(2) as both:  # a browser for each core: a page is printed by one
        return next(filter(None, both.map(_print_some, (listed[::2], listed[1::2]), (browser, browser))), "")


def _print_some(files, browser):
    from playwright.sync_api import Error, sync_playwright

    flags = ["--disable-gpu", "--disable-dev-shm-usage"]
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # in a container the only user is often root
    try:
        with sync_playwright() as p:
            chromium = p.chromium.launch(executable_path=browser, args=flags + ["--no-sandbox"] * root)
            page = chromium.new_context(offline=True).new_page()
            for path, pdf in files:
                _print(page, path, pdf)
            chromium.close()
    except (Error, OSError) as fault:
        return str(fault).strip().partition("\n")[0]
    return ""


def page_count(pdf):
    """How many pages a PDF has that `print_pages` made (int)."""
    return len(PAGE.findall(pdf.read_bytes()))


def _print(page, path, pdf):
    page.goto(path.resolve().as_uri())
    foot = phrase("kit.paper_foot", case=phrase("kit.case_short"), stamp=stamp())
    if "instructor" in path.parts:
        foot = phrase("kit.paper_foot_instructor", foot=foot)
    page.pdf(
        path=pdf, tagged=True, outline=True, prefer_css_page_size=True, print_background=True,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOT.format(foot=escape(foot), pages=phrase("kit.page_of", **PAGES)),
    )  # fmt: skip
