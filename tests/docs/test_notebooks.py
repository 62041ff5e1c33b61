"""Every notebook runs, and so does every hidden answer; pages show what they printed and drew."""

import re
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

from experiments.__main__ import NAMES
from tests.marks import rest_slow

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "docs" / "notebooks").glob("*.py"))
PAGES = ROOT / "docs" / "pages"
LECTURE = (PAGES / "lecture.md").read_text()
ANSWER = re.compile(r"<details><summary>Answer</summary>\n\n(.*?)\n\n</details>", re.DOTALL)
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Sections of the lecture that its walk through goes through under another heading.
FURTHER_SECTIONS = {
    "What is the RNN model?",
    "RRN vs Feedforward",
    "RRN hidden layer activity",
    "Rhythmic RNN Summary",
    "Golden ratio",
}


def cells(path):
    """Return (is it text, content) of every cell; read without the site's own reader."""
    found = re.findall(r"^# %%( \[markdown\])?\n(.*?)(?=^# %%|\Z)", path.read_text(), re.M | re.S)
    return [(bool(t), re.sub(r"^# ?", "", body, flags=re.M) if t else body) for t, body in found]


def prose(path):
    """Return all text cells as one."""
    return "\n\n".join(body for is_text, body in cells(path) if is_text)


def says_its_height(axes):
    """Tell whether the vertical axis has a label, or rows with names."""
    ticks = "".join(tick.get_text() for tick in axes.get_yticklabels())
    return bool(axes.get_ylabel()) or any(letter.isalpha() for letter in ticks)


@pytest.fixture
def drawn(monkeypatch):
    """What `plt.show` was given: for each figure whether it says what its axes are."""
    figures = []

    def show():
        for number in plt.get_fignums():
            axes = plt.figure(number).axes
            figures.append(any(a.get_xlabel() for a in axes) and any(map(says_its_height, axes)))
        plt.close("all")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.chdir(ROOT)
    with matplotlib.rc_context({"backend": "agg"}):
        yield figures
    plt.close("all")


# The sixth trains.
@pytest.mark.parametrize("path", rest_slow(SCRIPTS, *SCRIPTS[:5], SCRIPTS[6]), ids=lambda p: p.stem)
def test_notebooks_and_their_answers_run(path, drawn, capsys):
    names = {"__name__": "notebook"}
    num_checked = 0
    for is_text, body in cells(path):
        if not is_text:
            exec(compile(body, path.name, "exec"), names)
            continue
        for answer in ANSWER.findall(body):
            pasted = dict(names)  # an answer uses the notebook, and changes nothing in it
            for code in CODE.findall(answer):
                num_checked += len(re.findall(r"^ *assert ", code, re.MULTILINE))
                exec(compile(code, f"{path.name}, answer", "exec"), pasted)
    assert num_checked >= 4
    assert len(drawn) >= 2
    assert all(drawn)
    assert capsys.readouterr().out.count("\n") >= 2


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_notebooks_have_what_a_student_needs(path):
    first, *_ = cells(path)
    text = prose(path)
    assert first[0]
    assert re.match(r"# \w.*\n\nLecture: \"", first[1])
    assert "$$" in first[1]
    named = re.findall(r'"([^"]+)"', re.search(r"^Lecture: (.+)$", first[1], re.MULTILINE)[1])
    assert named
    headings = set(re.findall(r"^#+ (.+)$", LECTURE, re.MULTILINE))
    assert set(named) <= headings | FURTHER_SECTIONS
    code = "".join(body for is_text, body in cells(path) if not is_text)
    assert re.search(r"^\w.* = .+# Change me", code, re.MULTILINE)
    exercises = re.findall(r"^\*\*(\d)\.\*\* ", text, re.MULTILINE)
    assert exercises == [str(k + 1) for k in range(len(exercises))]
    assert len(ANSWER.findall(text)) == len(exercises) >= 2
    assert text.count("<details>") == len(exercises)
    # Every fenced block is in an answer: nothing is shown that no test runs.
    assert len(CODE.findall(ANSWER.sub("", text))) == 0 == ANSWER.sub("", text).count("```")
    commands = re.findall(r"python -m experiments\.(\w+)", text)
    assert set(commands) <= set(NAMES)


def test_pages_link_to_every_notebook():
    for page in ("notebooks/index.md", "lecture.md"):
        text = (PAGES / page).read_text()
        assert {path.stem for path in SCRIPTS} == set(re.findall(r"(\d\d_\w+)\.md", text)), page
    assert "notebooks/index.md" in (PAGES / "index.md").read_text()


@pytest.fixture
def notebooks(hook):
    """The site's own reader and writer."""
    return hook("notebooks")


def test_a_page_shows_code_and_what_it_printed_and_drew(notebooks, tmp_path):
    nbformat = pytest.importorskip("nbformat")  # comes with jupytext
    new = nbformat.v4
    picture = {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}
    outputs = [
        new.new_output("stream", name="stdout", text="w = 2\n"),
        new.new_output("stream", name="stderr", text="a warning"),
        new.new_output("display_data", data=picture),
        new.new_output("execute_result", data={"text/plain": "42"}),
    ]
    folded = "<details><summary>Answer</summary>\n\nyes\n\n</details>"
    notebook = new.new_notebook(
        cells=[
            new.new_markdown_cell("# A look\n\n" + folded),
            new.new_code_cell("w = 2", outputs=outputs),
            new.new_code_cell(""),
        ]
    )
    page = notebooks.written(notebook, tmp_path / "01_look.py")
    assert page.figures == {"01_look-1.png": b"hello"}
    assert page.text == (
        '# A look\n\n<details markdown="1"><summary>Answer</summary>\n\nyes\n\n</details>\n\n'
        "```python\nw = 2\n```\n\n```text\nw = 2\n```\n\n"
        "[![Figure 1, drawn by the cell above](01_look-1.png)](01_look-1.png)\n\n"
        "```text\n42\n```\n\n"
        "[This notebook as a script](01_look.py){ .md-button download }\n"
    )


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_the_site_reads_the_cells_that_the_tests_run(path, notebooks):
    jupytext = pytest.importorskip("jupytext")
    read = jupytext.reads(path.read_text(), fmt="py:percent")
    assert [(c.cell_type == "markdown", c.source.strip()) for c in read.cells] == [
        (is_text, body.strip()) for is_text, body in cells(path)
    ]
