"""The page's benchmark: real servers and clients for a second each, and figures that add up."""

import json
from pathlib import Path

import pytest

from benchmarks import record, web
from benchmarks.payloads_programs import Web
from benchmarks.web import Case
from realtime.errors import SourceLostError
from tests.tiny_models import write_always

pytest.importorskip("uvicorn", reason="the extra `web` is not installed")


@pytest.mark.slow
def test_every_case_is_measured(tmp_path: Path) -> None:
    tiny = str(write_always(tmp_path / "tiny.onnx"))
    short = ["--seconds", "1", "--warm-up", "0", "--loop", "2", "--size", "320x240", "--face", "80", "--fps", "20"]
    assert web.main([*short, "--model", tiny, "--out", str(tmp_path), "--name", "try"]) == 0
    assert json.loads((tmp_path / "try.json").read_text())["benchmark"] == "web"
    rows = record.read(tmp_path / "try.json", Web).result.rows
    assert [row.what for row in rows] == [case.what for case in web.CASES]
    assert [row.clients for row in rows] == [1, 4, 16, 1, 1, 4]
    assert all(0 < row.fps <= 30 and row.delay_ms.p50 > 0 and row.cpu_percent > 0 for row in rows)
    assert (tmp_path / "try.png").read_bytes().startswith(b"\x89PNG")


def test_slow_clients_are_left_out_and_the_slowest_of_the_others_counts() -> None:
    row = web.served(Case("watch", 3, slow=1), [[900.0], [10.0, 20.0], [30.0, 40.0, 50.0, 60.0]], seconds=2.0, cpu_s=1.0)
    assert (row.clients, row.fps, row.cpu_percent) == (2, 1.0, 50.0)
    assert (row.delay_ms.n, row.delay_ms.max) == (6, 60.0)
    assert row.what == "2 pages beside 1 that takes 1 s"


def test_a_client_without_a_frame_is_an_error() -> None:
    with pytest.raises(SourceLostError, match="a client got no frame"):
        web.served(Case("camera", 2), [[1.0], []], seconds=1.0, cpu_s=0.1)
