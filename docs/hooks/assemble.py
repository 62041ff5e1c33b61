"""Brings into the site what stands elsewhere in the repository, and makes the reference's pages."""

import logging
import posixpath
import re
import tomllib
from pathlib import Path

import answers
import notebooks
import reference
import remote
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks")
ROOT = Path(__file__).parents[2]
EXPLORER = ROOT / "docs" / "explorer" / "index.html"  # the page, which needs no other file
EXPLORER_LINK = "[Open the explorer](explorer/index.html){ .md-button .md-button--primary }"
# Pages that are files of the repository: where they go, and where they are.
TAKEN = {
    "results/gallery.md": ROOT / "docs" / "gallery.md",
    "results/verdicts.md": ROOT / "docs" / "verdicts.md",
    "howto/contributing.md": ROOT / "CONTRIBUTING.md",
    "benchmarks.md": ROOT / "benchmarks" / "README.md",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the notebooks and the reference to the navigation, and the repository to the foot."""
    assert config.nav is not None
    config.copyright = foot((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = next(item["Notebooks"] for item in config.nav if "Notebooks" in item)
    for path in notebooks.scripts():
        listed.append({notebooks.title(path): f"notebooks/{path.stem}.md"})
    config.nav.append(reference.navigation())
    config.watch += [str(ROOT / "rhythmic"), str(notebooks.FOLDER)]
    config.watch += [str(path) for path in TAKEN.values()]
    return config


def foot(pyproject: str) -> str:
    """Say at the foot of every page where the repository is, from the text of pyproject.toml."""
    project = tomllib.loads(pyproject)["project"]
    address = project.get("urls", {}).get("Repository")
    where = "no public address yet" if address is None else f'<a href="{address}">{address}</a>'
    version = f"{project['name']} {project['version']}, licence {project['license']}"
    return f"{version}. Repository: {where}."


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files that do not stand in the folder of the pages."""
    written: dict[str, str | bytes] = {p: path.read_text("utf-8") for p, path in TAKEN.items()}
    written |= dict(reference.pages())
    copied = {f"figures/{path.name}": path for path in answers.FIGURES.glob("*.png")}
    for path in notebooks.scripts():
        log.info("Running the notebook %s", path.name)
        page = notebooks.as_page(path)
        written[f"notebooks/{path.stem}.md"] = page.text
        written |= {f"notebooks/{name}": picture for name, picture in page.figures.items()}
        copied[f"notebooks/{path.name}"] = path
    copied["explorer/index.html"] = EXPLORER
    copied |= {
        f"examples/{path.parent.name}.html": path for path in answers.REPORTS.glob("*/report.html")
    }
    for place, content in written.items():
        files.append(File.generated(config, place, content=content))
    for place, path in copied.items():
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Write in what the gallery says, and where the explorer is."""
    place = page.file.src_uri
    if place == "results/gallery.md":
        folder = posixpath.relpath("figures", posixpath.dirname(place))
        markdown = markdown.replace("](../experiments/results/figures/", f"]({folder}/")
        # Each picture opens by itself.
        markdown = re.sub(r"^(!\[.*\]\((.+)\))$", r"[\1](\2)", markdown, flags=re.MULTILINE)
    markdown = markdown.replace("<!-- explorer -->", EXPLORER_LINK)
    return answers.fill_in(markdown, place)


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would fetch scripts, styles, fonts or pictures from elsewhere."""
    found = remote.fetched(Path(config.site_dir))
    if found:
        raise PluginError("the site would need a network: " + "; ".join(found))
