"""What a browser would fetch from elsewhere: reading the site needs no network."""

import re
from pathlib import Path

IN_PAGES = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"' >]+"""
    r"|(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')]+"
)
# An address in a script, as text: whatever is done with it.
IN_SCRIPTS = re.compile(r"""["'`](?:(?:https?|wss?):)?//[\w.$\[{][^"'`\s]*""")
# The theme's own scripts name its makers' addresses; the search's index holds the pages' text.
NOT_OURS = ("assets/javascripts/", "search/")


def fetched(site: Path) -> list[str]:
    """Return "FILE fetches ADDRESS" for all that the files of a built site would fetch."""
    lines = []
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.suffix in (".html", ".css"):
            found = IN_PAGES.findall(path.read_text("utf-8"))
        elif path.suffix == ".js" and not name.startswith(NOT_OURS):
            found = IN_SCRIPTS.findall(path.read_text("utf-8"))
        else:
            continue
        lines += [f"{name} fetches {one}" for one in found if "canonical" not in one]
    return lines
