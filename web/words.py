"""Markdown that we wrote, as HTML that is safe to show.

Owns rendering of briefs and debriefs. Invariant: what comes out went through an allow-list sanitiser, whoever wrote
it.
"""

from __future__ import annotations

import markdown
import nh3

TAGS = {
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "ol",
    "li",
    "code",
    "pre",
    "em",
    "strong",
    "a",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "hr",
    "br",
}


def render(text: str) -> str:
    """Sanitised HTML of a Markdown text; no images, no raw attributes but links'."""
    html = markdown.markdown(text, extensions=["fenced_code", "tables", "sane_lists"], output_format="html")
    return nh3.clean(
        html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel="noopener nofollow"
    )
