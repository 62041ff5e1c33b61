"""Brings into the site what stands elsewhere in the repository, and makes the reference's pages."""

import posixpath
import re
from pathlib import Path

import answers
import notebooks
import reference
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
EXPLORER = ROOT / "docs" / "explorer"
# What a browser would fetch from elsewhere: reading the site needs no network.
REMOTE = re.compile(
    r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^"' >]+"""
    r"|(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')]+"
)
# Pages that are files of the repository: where they go, and where they are.
TAKEN = {
    "results/gallery.md": ROOT / "docs" / "gallery.md",
    "howto/contributing.md": ROOT / "CONTRIBUTING.md",
    "benchmarks.md": ROOT / "benchmarks" / "README.md",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the reference to the navigation, and the notebooks where there are some."""
    assert config.nav is not None
    explore = next(item["Explore"] for item in config.nav if "Explore" in item)
    for path in notebooks.scripts():
        explore.append({notebooks.title(path): f"notebooks/{path.stem}.md"})
    config.nav.append(reference.navigation())
    config.watch += [str(ROOT / "rhythmic"), *(str(path) for path in TAKEN.values())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files that do not stand in the folder of the pages."""
    written = {place: path.read_text() for place, path in TAKEN.items()}
    written |= dict(reference.pages())
    copied = {f"figures/{path.name}": path for path in answers.FIGURES.glob("*.png")}
    for path in notebooks.scripts():
        written[f"notebooks/{path.stem}.md"] = notebooks.as_page(path)
        copied[f"notebooks/{path.name}"] = path
    if has_explorer():
        for path in EXPLORER.rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                copied[f"explorer/{path.relative_to(EXPLORER).as_posix()}"] = path
    for place, text in written.items():
        files.append(File.generated(config, place, content=text))
    for place, path in copied.items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Write in what the gallery says, and where explorer and notebooks are."""
    place = page.file.src_uri
    if place == "results/gallery.md":
        folder = posixpath.relpath("figures", posixpath.dirname(place))
        markdown = markdown.replace("](../experiments/results/figures/", f"]({folder}/")
        # Each picture opens by itself.
        markdown = re.sub(r"^(!\[.*\]\((.+)\))$", r"[\1](\2)", markdown, flags=re.MULTILINE)
    markdown = markdown.replace("<!-- explorer -->", explorer_link())
    markdown = markdown.replace("<!-- notebooks -->", notebook_links())
    return answers.fill_in(markdown, place)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would fetch scripts, styles, fonts or pictures from elsewhere."""
    for path in Path(config.site_dir).rglob("*"):
        if path.suffix in (".html", ".css"):
            found = REMOTE.search(path.read_text())
            if found and "canonical" not in found[0]:
                raise PluginError(f"{path.name} fetches {found[0]}")


def has_explorer() -> bool:
    """Tell whether the repository holds the explorer."""
    return (EXPLORER / "index.html").exists()


def explorer_link() -> str:
    """Write the link to the explorer, or that there is none."""
    if has_explorer():
        return "[Open the explorer](explorer/index.html){ .md-button .md-button--primary }"
    return "This copy of the site was built without the explorer."


def notebook_links() -> str:
    """List the notebooks, or say that there are none."""
    lines = [f"- [{notebooks.title(p)}](notebooks/{p.stem}.md)" for p in notebooks.scripts()]
    return "\n".join(lines) or "This copy of the site was built without notebooks."
