"""Chooses network and provider: those left to `auto` are measured briefly, and the answer is cached.

8-bit integers are three times as fast as full precision on one processor and slower on another, and a list of processors would
soon be outdated. So the first start on a machine measures, and later starts look up the answer by everything it depends on.
"""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from realtime import machine
from realtime.errors import ProviderError
from realtime.model import cache, session
from realtime.model.providers import AUTO, CPU, PROVIDERS
from realtime.model.session import Session

FORMAT = 2
"""Version of the cached answer; increased when the measurement changes."""

FAST = "fast"
CHOICES = ("int8", "full", FAST)
"""The candidates of `auto`: the best network twice, the preferred file first, and the fast one for slow machines."""

MOST_S = 0.008
"""A face may take a quarter of a camera's frame period; if the best network takes longer, the fast one runs, if faster."""

BUDGET_S = 0.3
"""Total time for measuring all networks, after loading."""

FACES = (1, 1, 1, 4)
"""Batch sizes in one round: a webcam usually shows one face."""

MARGIN = 0.85
"""The preferred network (8-bit on the CPU: smaller in memory, faster to load) is replaced only by one that takes less than this
share of its time; two measurements on a busy machine differ by about 10 %."""


@dataclass(frozen=True)
class Candidate:
    """A weights file and the provider to run it; `fast` marks the less accurate network."""

    path: Path
    provider: str
    fast: bool = False

    def __str__(self) -> str:
        return f"{self.path.name} on {self.provider}"


@dataclass(frozen=True)
class Question:
    """Everything the answer depends on.

    Attributes:
        processor, instructions: of this machine.
        onnxruntime: its version.
        threads: of the network.
        candidates: file name, checksum and provider of each, the preferred one first.
        format: of this record.
    """

    processor: str
    instructions: tuple[str, ...]
    onnxruntime: str
    threads: int
    candidates: tuple[tuple[str, str, str], ...]
    format: int = FORMAT

    @property
    def name(self) -> str:
        """File name of the cached answer."""
        return f"network-{hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]}.json"


@dataclass(frozen=True)
class Opened:
    """The chosen network.

    Attributes:
        session: ready to run.
        notes: how it was chosen, a line each, for verbose output.
    """

    session: Session
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Computer:
    """The machine on which the networks are measured, with its clock and cache.

    Attributes:
        processor, instructions: what tells this processor from others.
        onnxruntime: its version.
        installed: names of the providers in it.
        locate: the file that a model's name means.
        open: a network, from its file, its threads and its provider.
        clock: seconds.
        cache: the folder that keeps the answer; may raise OSError.
    """

    processor: Callable[[], str] = machine.processor
    instructions: Callable[[], tuple[str, ...]] = machine.instructions
    onnxruntime: str = session.RUNTIME
    installed: Callable[[], tuple[str, ...]] = session.installed
    locate: Callable[[str], Path] = session.locate
    open: Callable[[Path, int, str], Session] = Session
    clock: Callable[[], float] = time.perf_counter
    cache: Callable[[], Path] = cache.folder


THIS = Computer()


def open_session(model: str = AUTO, threads: int = 0, provider: str = AUTO, computer: Computer = THIS) -> Opened:
    """Opens the network that `model` names, on `provider`; what is "auto" is measured, once on each machine.

    Raises:
        ModelError: see `session.locate` and `session.Session`.
    """
    files = [(computer.locate(name), name == FAST) for name in (CHOICES if model == AUTO else [model])]
    candidates = [Candidate(path, name, fast) for name in _providers(provider, computer) for path, fast in files]
    if len(candidates) == 1:
        return Opened(computer.open(candidates[0].path, threads, candidates[0].provider))
    return _chosen(candidates, threads, computer)


def measure(runs: Sequence[Callable[[], object]], budget_s: float, clock: Callable[[], float]) -> list[float]:
    """Median seconds of each of `runs`, which are interleaved, so that noise affects all equally.

    Each runs once for warm-up. Rounds start until the budget is spent; at least one runs.
    """
    for run in runs:
        run()
    seconds: list[list[float]] = [[] for _ in runs]
    began = clock()
    while not seconds[0] or clock() - began < budget_s:
        for times, run in zip(seconds, runs, strict=True):
            started = clock()
            run()
            times.append(clock() - started)
    return [float(np.median(times)) for times in seconds]


def fastest(seconds: Sequence[float]) -> int:
    """Index of the fastest, if it beats the first by the margin; else 0."""
    best = min(range(len(seconds)), key=seconds.__getitem__)
    return best if seconds[best] < MARGIN * seconds[0] else 0


def preferred(candidates: Sequence[Candidate], seconds: Sequence[float]) -> int:
    """Index of the candidate to run: the fastest with the best network or, if that is too slow, the fastest of all.

    Args:
        candidates: at least one.
        seconds: per face, for each of them.
    """
    order = sorted(range(len(candidates)), key=lambda index: candidates[index].fast)
    best = sum(not candidate.fast for candidate in candidates)
    if best:
        first = order[fastest([seconds[index] for index in order[:best]])]
        if seconds[first] <= MOST_S:
            return first
        order.remove(first)
        order.insert(0, first)
    return order[fastest([seconds[index] for index in order])]


def _providers(provider: str, computer: Computer) -> tuple[str, ...]:
    """The providers to try, preferred first."""
    if provider != AUTO:
        return (provider,)
    return tuple(name for name in computer.installed() if PROVIDERS[name].measured) or (CPU,)


def _chosen(candidates: Sequence[Candidate], threads: int, computer: Computer) -> Opened:
    question = Question(
        computer.processor(),
        computer.instructions(),
        computer.onnxruntime,
        session.threads_for(threads),
        tuple((c.path.name, session.checksum(c.path), c.provider) for c in candidates),
    )
    notes: list[str] = []
    answer = _recall(question, notes, computer)
    if answer is not None:
        try:
            return Opened(computer.open(candidates[answer].path, threads, candidates[answer].provider), tuple(notes))
        except ProviderError as error:  # such as a GPU removed since
            notes.append(str(error))
    return _measured(question, candidates, threads, notes, computer)


def _measured(
    question: Question, candidates: Sequence[Candidate], threads: int, notes: list[str], computer: Computer
) -> Opened:
    opened: list[tuple[int, Session]] = []
    refusals: list[ProviderError] = []
    for index, candidate in enumerate(candidates):
        try:
            opened.append((index, computer.open(candidate.path, threads, candidate.provider)))
        except ProviderError as error:
            refusals.append(error)
    if not opened:
        raise refusals[0]
    rounds = measure([_round(network) for _, network in opened], BUDGET_S, computer.clock)
    times = [seconds / sum(FACES) for seconds in rounds]
    index, network = opened[preferred([candidates[i] for i, _ in opened], times)]
    words = [f"{candidates[i]} {1000 * seconds:.1f} ms a face" for (i, _), seconds in zip(opened, times, strict=True)]
    words += sorted({str(error) for error in refusals})
    for _, other in opened:
        if other is not network:
            other.close()
    notes.append(f"measured: {'; '.join(words)}")
    _remember(question, index, words, notes, computer)
    return Opened(network, tuple(notes))


def _round(network: Session) -> Callable[[], None]:
    side = network.spec.input_size
    batches = [np.linspace(-1, 1, n * side * side, dtype=np.float32).reshape(n, 1, side, side) for n in FACES]

    def run() -> None:
        for batch in batches:
            network.run(batch)

    return run


def _recall(question: Question, notes: list[str], computer: Computer) -> int | None:
    """Index of the candidate chosen before; None if nothing valid is cached."""
    try:
        path = computer.cache() / question.name
        text = cache.read(path)
        if text is None:
            return None
        kept = json.loads(text)
        if kept["question"] != json.loads(json.dumps(asdict(question))):
            raise ValueError("it answers another question")
        index, words = int(kept["answer"]), "; ".join(map(str, kept["measured"]))
        if not 0 <= index < len(question.candidates):
            raise ValueError(f"it names candidate {index} of {len(question.candidates)}")
    except (OSError, ValueError, TypeError, KeyError) as error:
        notes.append(f"measuring again, since the cached answer cannot be used ({error})")
        return None
    notes.append(f"measured at an earlier start: {words} (forget it: delete {path})")
    return index


def _remember(question: Question, index: int, words: Sequence[str], notes: list[str], computer: Computer) -> None:
    try:
        answer = {"question": asdict(question), "answer": index, "measured": list(words)}
        cache.write(computer.cache() / question.name, json.dumps(answer, indent=1))
    except OSError as error:
        notes.append(f"the answer could not be cached ({error}); the next start measures again")
