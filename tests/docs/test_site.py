"""What a reader's browser does with the site: it fetches nothing, and its console is silent."""

import tomllib
from pathlib import Path

import pytest

from docs import probe
from tests.docs import browser

ROOT = Path(__file__).parents[2]


@pytest.fixture
def remote(hook):
    return hook("remote")


def test_every_address_in_pages_styles_and_our_scripts_is_found(remote, tmp_path):
    files = {
        "index.html": '<link rel="canonical" href="https://a.b/"><img src="c.png">'
        '<link rel="stylesheet" href="https://a.b/c.css"><script src=//d.e/f.js></script>'
        '<a href="https://g.h/">read</a>',
        "assets/site.css": "a { background: url(//i.j/k.png) } @import 'https://l.m/n.css'",
        "assets/own.js": 'fetch("https://o.p/q"); new WebSocket(`wss://${r}`) // https://s.t',
        "assets/javascripts/theme.js": 'fetch("https://u.v/")',
        "search/search_index.js": 'x = "https://w.x/"',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert remote.fetched(tmp_path) == [
        'assets/own.js fetches "https://o.p/q',
        "assets/own.js fetches `wss://${r}",
        "assets/site.css fetches url(//i.j/k.png",
        "assets/site.css fetches @import 'https://l.m/n.css",
        'index.html fetches <link rel="stylesheet" href="https://a.b/c.css',
        "index.html fetches <script src=//d.e/f.js",
    ]


def test_scripts_of_the_pages_fetch_nothing(remote):
    scripts = list((ROOT / "docs" / "pages").rglob("*.js"))
    assert scripts
    assert remote.fetched(ROOT / "docs" / "pages") == []


def test_the_probe_finds_what_the_console_says(tmp_path):
    browser.require()
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html><body><p>quiet</p></body></html>")
    assert probe.messages(page, 390) == []
    page.write_text(
        "<!doctype html><html><body><script>"
        "if (innerWidth === 390) console.log('narrow'); missing();</script></body></html>"
    )
    narrow, uncaught = probe.messages(page, 390)
    assert "narrow" in narrow
    assert "missing is not defined" in uncaught
    assert len(probe.messages(page, 1280)) == 1


def test_every_page_says_where_the_repository_is(hook):
    pytest.importorskip("mkdocs")
    project = '[project]\nname = "rhythmic"\nversion = "1"\nlicense = "MIT"\n'
    foot = hook("assemble").foot
    assert foot(project) == "rhythmic 1, licence MIT. Repository: no public address yet."
    assert 'href="https://a.b/c"' in foot(f'{project}urls.Repository = "https://a.b/c"\n')


def test_the_repository_has_one_address_or_none():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    if address is None:
        assert "repository-code" not in citation
        assert "no public address yet" in " ".join(readme.split())
    else:
        assert f"repository-code: {address}" in citation.replace('"', "")
        assert address in readme


def test_wide_tables_name_the_column_in_every_cell(hook):
    tables, cells = hook("tables"), ("a", "<em>b</em>", "c &amp; d", "e", "f")
    head = "".join(f"<th>{cell}</th>" for cell in cells)
    row = "<tr>" + "".join(f'<td style="x">{cell}</td>' for cell in "12345") + "</tr>"
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{row}{row}</tbody>\n</table>"
    shown = tables.on_page_content(f"<p>before</p>{table}<p>after</p>")
    assert shown.count('<td data-label="c &amp; d" style="x">3</td>') == 2
    assert shown.count('data-label="b"') == 2
    assert shown.startswith("<p>before</p><table data-wide>")
    small = table.replace("<th>f</th>", "").replace('<td style="x">5</td>', "")
    assert tables.on_page_content(small) == small


def test_parts_of_an_equation_may_stand_below_one_another(hook):
    pytest.importorskip("ziamath")
    shown = hook("equations").displayed(r"a = b, \qquad c = d")
    assert shown.count("<svg") == 2
