"""Wide tables on a telephone: one card per row, in which every number has its column's heading."""

import html
import re

MOST_COLUMNS = 4  # of a table that a telephone has room for
TABLE = re.compile(r"<table>\s*<thead>(.*?)</thead>(.*?)</table>", re.DOTALL)
HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)


def on_page_content(content: str, **_: object) -> str:
    """Write into the cells of wide tables what their columns are called."""
    return TABLE.sub(lambda found: labelled(found[0], found[1], found[2]), content)


def labelled(table: str, head: str, body: str) -> str:
    """Return a table; every cell of a wide one has the ``data-label`` that site.css shows."""
    headings = [plain(heading) for heading in HEADING.findall(head)]
    if len(headings) <= MOST_COLUMNS:
        return table

    def row(found: re.Match) -> str:
        names = iter(headings)
        return re.sub(r"<td\b", lambda _: f'<td data-label="{next(names, "")}"', found[0])

    return f"<table data-wide>\n<thead>{head}</thead>{ROW.sub(row, body)}</table>"


def plain(heading: str) -> str:
    """Return a heading as the value of an attribute."""
    text = html.unescape(re.sub(r"<[^>]+>", "", heading)).strip()
    return html.escape(text, quote=True)
