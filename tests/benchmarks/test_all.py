"""Statistics and envelope of the benchmarks, and the committed results."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import record, scaling, startup
from benchmarks.payloads import PAYLOADS, Cell, Latency, Startup
from benchmarks.record import Clip, Machine, Record, Spread, Timing
from benchmarks.steps import OURS, Part, Steps, timings
from benchmarks.suite import Size
from tests.conftest import ROOT

RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
SUITES = ("latency", "scaling", "live", "delay", "throughput", "startup", "detection", "soak", "peers")
SMALL = Size(320, 180)


# numbers


def test_percentiles_of_a_timing() -> None:
    timing = Timing.of("fer-cam", "frame", [i / 1000 for i in range(101)])
    assert (timing.n, timing.p50_ms, timing.p95_ms, timing.p99_ms, timing.mean_ms) == (101, 50, 95, 99, 50)


def test_percentiles_of_a_spread() -> None:
    assert Spread.of([float(i) for i in range(101)]) == Spread(101, 50, 50, 95, 99, 100)
    assert Spread.of([3.0]) == Spread(1, 3, 3, 3, 3, 3)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible"):
        Spread(3, 2, 5, 4, 4, 4)
    with pytest.raises(ValueError, match="impossible"):
        Timing("fer-cam", "frame", 0, 1, 1, 1, 1)


def test_stages_add_up_to_a_frame() -> None:
    steps = [Steps((Part("decode", 0.001), Part("detect", 0.004)), 1), Steps((Part("decode", 0.003), Part("detect", 0.006)), 1)]
    decode, detect, frame = timings(OURS, steps)
    assert (decode.mean_ms, detect.mean_ms, frame.mean_ms) == (2, 5, 7)
    Latency(Clip("clip", 64, 48, 2, 1), 1, (decode, detect, frame))
    with pytest.raises(ValueError, match="do not add up"):
        Latency(Clip("clip", 64, 48, 2, 1), 1, (decode, frame))


def test_the_cost_of_a_face_and_of_a_megapixel() -> None:
    def cell(size: Size, faces: int, ms: float) -> Cell:
        whole = Timing.of(OURS, "frame", [ms / 1000] * 3)
        return Cell(size.width, size.height, faces, 50, 3, (0.0, 0.0), (whole, replace(whole, stage="detect")))

    by_faces = [cell(SMALL, 0, 50), cell(SMALL, 1, 4), cell(SMALL, 3, 7), cell(SMALL, 5, 10)]
    by_pixels = [cell(Size(1000, 1000), 1, 2), cell(Size(2000, 1000), 1, 6)]
    # the empty scene is a different task and not part of the fit
    assert scaling.slope(OURS, by_faces, by_pixels).ms_per_face == 1.5
    assert scaling.slope(OURS, by_faces, by_pixels).ms_per_megapixel == 4.0


def test_a_machine_has_a_name_for_files() -> None:
    machine = Machine("AMD EPYC(tm) 9B14 @ 2.6GHz", 2, "Linux x86_64", "3.12.1")
    assert machine.slug == "2-core-amd-epyc-tm"
    assert Machine.this().cores >= 1


# the envelope


def envelope(spread: Spread | None) -> Record[Startup]:
    start = startup.Started(OURS, Spread.of([0.5]), Spread.of([0.7]), spread)
    result = Startup(Clip("demo", 640, 480, 10, 1.0), 1, (start,))
    return Record("startup", "python -m benchmarks.startup", "now", "abc", Machine.this(), {"av": "1"}, 2, "tiny", result)


@pytest.mark.parametrize("peak", [None, Spread.of([200.0])])
def test_a_result_is_read_as_it_was_written(tmp_path: Path, peak: Spread | None) -> None:
    written = envelope(peak)
    assert record.read(written.write(tmp_path, "try"), Startup) == written


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"threads": 2,', "", "Record is"),
        ('"threads": 2', '"threads": "two"', "Record.threads"),
        ('"repeats": 1', '"repeats": 1, "more": 1', "Startup is"),
        ('"width": 640', '"width": null', "Clip.width"),
        ('"schema": 2', '"schema": 1', "schema 2"),
        ('"p99": 0.7', '"p99": 0.1', "impossible"),
    ],
)
def test_an_incomplete_result_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = envelope(None).write(tmp_path, "try")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        record.read(path, Startup)


# committed results


def test_the_contract_names_every_command() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for suite in SUITES:
        assert f"`python -m benchmarks.{suite}" in text


def test_results_are_committed() -> None:
    assert any(path.name.startswith("latency-demo") for path in RESULTS)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_committed_results_are_complete(path: Path) -> None:
    result = record.read(path, PAYLOADS[json.loads(path.read_text(encoding="utf-8"))["benchmark"]])
    assert not result.commit.startswith("unknown")
    assert result.command.startswith(f"python -m benchmarks.{result.benchmark.partition('-')[0]}")
    assert path.name.startswith(result.benchmark)
    assert set(result.versions) == set(record.PACKAGES)
    assert path.with_suffix(".png").is_file()
