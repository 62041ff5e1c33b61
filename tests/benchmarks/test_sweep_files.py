"""Files with their checks beside plain ones, at the smallest."""

import pytest

from benchmarks.sweep_files import Options, run
from tests.benchmarks.conftest import rows_of


def test_each_work_has_a_row_and_a_ratio(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "rows.csv"
    run(Options(points=64, chunks=2, rows=2, many=3, repetitions=1, warm_up=0, output=output))
    rows = rows_of(output)
    assert [row["work"] for row in rows] == [
        *("read 64 points", "write 2 chunks", "append 2 rows"),
        "3 chunks of one point, once",
    ]
    for row in rows:
        ratio = float(row["project_seconds"]) / float(row["plain_seconds"])
        assert float(row["ratio"]) == pytest.approx(ratio)
    beyond = 1e3 * (float(rows[3]["project_seconds"]) - float(rows[3]["plain_seconds"])) / 3
    assert float(rows[3]["beyond_ms"]) == pytest.approx(beyond)
    assert rows[1]["beyond_ms"]
    assert not rows[0]["beyond_ms"]
    # Two results, a record, the layout of three arrays, and five files beside.
    assert (rows[3]["files"], int(rows[3]["bytes"]) > 3000) == ("13", True)
    said = capsys.readouterr().out
    assert "| append 2 rows |" in said
    assert "| 3 chunks of one point, once |" in said
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(ValueError, match=r"^chunks is 1; it must be at least 2$"):
        Options(chunks=1)
