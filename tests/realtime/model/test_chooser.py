"""How the network is chosen, with networks that take as long as a test says, on a clock of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from realtime.errors import ProviderError, WeightsCorrupt
from realtime.model import cache
from realtime.model.chooser import Candidate, fastest, measure, open_session, preferred
from tests.machines import FAST, FULL, INT8, Machine, Network


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty cache, a CPU, and no real network."""
    for name in (INT8, FULL, FAST):
        (tmp_path / name).write_text(f"the weights of {name}")
    return Machine(tmp_path)


@dataclass
class Ticks:
    now: float = 0.0

    def taking(self, *seconds: float) -> Callable[[], None]:
        """A run that takes each of these in turn, and the last one ever after."""
        left = list(seconds)

        def run() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


# Measuring


def test_measure_takes_turns_and_gives_medians() -> None:
    clock = Ticks()
    # the first run of each, slow as first runs are, does not count; one outlier does not matter
    seconds = measure([clock.taking(9, 1, 1, 5, 1), clock.taking(9, 3, 2, 3)], 15, lambda: clock.now)
    assert seconds == [1, 3]
    assert clock.now == 18 + 4 + 3 + 8  # rounds begin until 15 s are spent


def test_measure_has_at_least_one_round() -> None:
    clock = Ticks()
    assert measure([clock.taking(0, 2), clock.taking(0, 1)], 0, lambda: clock.now) == [2, 1]
    assert clock.now == 3


@pytest.mark.parametrize(
    ("milliseconds", "index"), [((2, 6), 0), ((2, 1.8), 0), ((2, 1.71), 0), ((2, 1.69), 1), ((2, 1.6, 1), 2), ((2, 1, 1.6), 1)]
)
def test_the_first_is_left_for_a_clear_margin_only(milliseconds: tuple[float, ...], index: int) -> None:
    assert fastest(milliseconds) == index


# Choosing


def test_a_network_that_is_named_is_not_measured(machine: Machine) -> None:
    start = machine.started("full", "auto")
    assert (start.file, start.provider, start.notes) == (FULL, "cpu", "")
    assert (machine.loaded, machine.batches) == ([(FULL, "cpu")], [])
    assert not machine.cache.exists()


def test_the_faster_file_is_taken_and_remembered(machine: Machine) -> None:
    assert machine.started().file == INT8
    assert machine.loaded == [(INT8, "cpu"), (FULL, "cpu"), (FAST, "cpu")]
    assert machine.closed == [FULL, FAST]
    machine.speeds[INT8, "cpu"] = 0.02  # it is not measured again
    before = machine.now
    second = machine.started()
    assert second.file == INT8
    assert (machine.loaded, machine.batches, machine.now) == ([(INT8, "cpu")], [], before)
    assert f"{INT8} on cpu 2.0 ms a face; {FULL} on cpu 6.0 ms a face; {FAST} on cpu 1.0 ms a face" in second.notes
    assert str(machine.kept) in second.notes


def test_where_small_integers_are_slow_the_full_file_is_taken(machine: Machine) -> None:
    machine.speeds[INT8, "cpu"] = 0.0107  # as with signed activations on some processors
    assert machine.started().file == FULL
    assert machine.started().file == FULL
    assert machine.loaded == [(FULL, "cpu")]


@pytest.mark.parametrize(
    ("int8_ms", "full_ms", "fast_ms", "file"),
    [(7.9, 20, 1, INT8), (8.1, 20, 3, FAST), (8.1, 20, 7.5, INT8), (20, 7.9, 3, FULL), (40, 30, 12, FAST), (9, 9, 20, INT8)],
)
def test_the_fast_network_is_for_machines_that_need_it(
    machine: Machine, int8_ms: float, full_ms: float, fast_ms: float, file: str
) -> None:
    machine.speeds = {(INT8, "cpu"): int8_ms / 1000, (FULL, "cpu"): full_ms / 1000, (FAST, "cpu"): fast_ms / 1000}
    assert machine.started().file == file


def test_the_best_network_on_a_gpu_comes_before_the_fast_one_on_the_processor() -> None:
    candidates = [Candidate(Path(name), provider, name == FAST) for provider in ("cpu", "cuda") for name in (INT8, FULL, FAST)]
    assert preferred(candidates, [0.02, 0.03, 0.001, 0.009, 0.007, 0.001]) == 4
    assert preferred(candidates, [0.02, 0.03, 0.004, 0.019, 0.017, 0.016]) == 2
    assert preferred([candidates[2]], [0.02]) == 0


def test_measuring_is_short_and_mostly_of_one_face(machine: Machine) -> None:
    before = machine.now
    machine.started()
    assert machine.now - before < 0.45
    assert machine.batches[:8] == [1, 1, 1, 4] * 2
    assert len(machine.batches) >= 24  # three rounds at the least


@pytest.mark.parametrize("change", ["processor", "instructions", "threads", "onnxruntime", "weights"])
def test_a_change_of_any_dependency_measures_again(machine: Machine, change: str) -> None:
    machine.started()
    match change:
        case "processor":
            machine.processor = "another"
        case "instructions":
            machine.instructions = ("avx512_vnni",)
        case "onnxruntime":
            machine.onnxruntime = "9.9.9"
        case "weights":
            (machine.folder / INT8).write_text("trained again")
    machine.speeds[FULL, "cpu"] = 0.001
    assert machine.started(threads=3 if change == "threads" else 2).file == FULL
    assert machine.started(threads=3 if change == "threads" else 2).file == FULL
    assert machine.batches == []
    assert len(list(machine.cache.iterdir())) == 2  # the first answer is still there


def damaged(**changes: Any) -> Callable[[Path], None]:
    def damage(kept: Path) -> None:
        kept.write_text(json.dumps(json.loads(kept.read_text()) | changes))

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: kept.write_text(""),
        lambda kept: kept.write_text("{"),
        lambda kept: kept.write_text("[]"),
        lambda kept: kept.write_text("null"),
        lambda kept: kept.write_bytes(b"\xff\x00"),
        damaged(answer=3),
        damaged(answer=-1),
        damaged(answer="one"),
        damaged(answer=None),
        damaged(measured=7),
        damaged(question={}),
    ],
)
def test_a_damaged_memory_is_measured_again(machine: Machine, damage: Callable[[Path], object]) -> None:
    machine.started()
    damage(machine.kept)
    machine.speeds[FULL, "cpu"] = 0.001
    start = machine.started()
    assert start.file == FULL
    assert start.notes.startswith("measuring again, since the cached answer cannot be used (")
    assert machine.started().file == FULL
    assert machine.batches == []


def test_where_nothing_can_be_kept_each_start_measures(machine: Machine) -> None:
    machine.cache.write_text("a file where the folder should be")
    for _ in range(2):
        start = machine.started()
        assert start.file == INT8
        assert "the answer could not be cached (" in start.notes
        assert len(machine.batches) > 0


def test_without_a_home_each_start_measures(machine: Machine) -> None:
    def homeless() -> Path:
        raise OSError("no home folder")

    assert "the answer could not be cached (no home folder)" in machine.started(cache=homeless).notes


def test_the_weights_fault_is_not_hidden(machine: Machine) -> None:
    def corrupt(path: Path, threads: int, provider: str) -> Network:
        raise WeightsCorrupt("damaged")

    with pytest.raises(WeightsCorrupt):
        machine.started(open=corrupt)


# Providers


def test_a_gpu_that_is_faster_is_taken(machine: Machine) -> None:
    machine.providers = ("cpu", "cuda")
    start = machine.started()
    assert (start.file, start.provider) == (FULL, "cuda")
    assert len(machine.loaded) == 6
    machine.started()
    assert machine.loaded == [(FULL, "cuda")]


def test_a_gpu_that_is_no_faster_is_left_alone(machine: Machine) -> None:
    machine.providers = ("cpu", "cuda")
    machine.speeds[FULL, "cuda"] = 0.0018
    assert machine.started().provider == "cpu"


def test_also_for_a_network_that_is_named(machine: Machine) -> None:
    machine.providers = ("cpu", "cuda")
    start = machine.started("full")
    assert (start.file, start.provider) == (FULL, "cuda")
    assert machine.loaded == [(FULL, "cpu"), (FULL, "cuda")]


def test_coreml_and_openvino_wait_to_be_named(machine: Machine) -> None:
    machine.providers = ("cpu", "openvino", "coreml")
    assert machine.started("full").provider == "cpu"
    machine.speeds[FULL, "coreml"] = 0.001
    assert machine.started("full", "coreml").provider == "coreml"


def test_a_gpu_that_does_not_run_is_passed_over_once(machine: Machine) -> None:
    machine.providers = ("cpu", "cuda")
    machine.broken = ("cuda",)
    assert "--provider cuda: no" in machine.started().notes
    again = machine.started()
    assert (again.file, again.provider) == (INT8, "cpu")
    assert machine.batches == []
    assert "--provider cuda: no" in again.notes


def test_a_gpu_that_has_gone_is_measured_without(machine: Machine) -> None:
    machine.providers = ("cpu", "cuda")
    machine.started()
    machine.broken = ("cuda",)
    start = machine.started()
    assert (start.file, start.provider) == (INT8, "cpu")
    assert len(machine.batches) > 0


def test_a_provider_that_is_named_is_used_or_an_error(machine: Machine) -> None:
    machine.speeds[FULL, "cuda"] = 0.1
    assert machine.started(provider="cuda").provider == "cuda"
    assert machine.loaded == [(INT8, "cuda"), (FULL, "cuda"), (FAST, "cuda")]
    machine.broken = ("dml",)
    with pytest.raises(ProviderError, match="--provider dml: no"):
        machine.started(provider="dml")
    assert machine.loaded == []


def test_a_candidate_has_a_name_for_people() -> None:
    assert str(Candidate(Path("weights") / INT8, "cpu")) == f"{INT8} on cpu"


def test_the_real_thing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both shipped files on this machine, whichever is faster."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    first, second = open_session(provider="cpu"), open_session(provider="cpu")
    assert first.session.path == second.session.path
    assert first.notes[0].startswith(f"measured: {INT8} on cpu ")
    assert second.notes[0].startswith(f"measured at an earlier start: {INT8} on cpu ")
