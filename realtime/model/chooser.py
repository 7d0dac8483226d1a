"""Which network runs, and on what: where that is left open, both are tried for a moment, and the answer is remembered.

8-bit integers are three times as fast as full precision on one processor and slower on another, and what is quick enough on one
is too slow on another; no list of processors would be right for long. So the first start on a machine measures, and later ones
look the answer up by everything it depends on.
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
"""Of the remembered answer; grows when the way of measuring changes."""

FAST = "fast"
CHOICES = ("int8", "full", FAST)
"""What `auto` chooses from: the best network twice, the preferred file first, and the fast one for machines that need it."""

MOST_S = 0.008
"""A face may take a quarter of a camera's frame; where the best network takes longer, the fast one runs, if it is faster."""

BUDGET_S = 0.3
"""How long the networks are timed, all together, after loading."""

FACES = (1, 1, 1, 4)
"""Faces in the calls of one round: mostly one looks into a webcam."""

MARGIN = 0.85
"""The preferred network (8-bit on the CPU: smaller in memory, quicker to load) is left for one that takes less than this part
of its time; two rounds of measuring on a busy machine differ by some 10 %."""


@dataclass(frozen=True)
class Candidate:
    """A weights file, and the provider that would run it; `fast` is that of the network that is not as good."""

    path: Path
    provider: str
    fast: bool = False

    def __str__(self) -> str:
        return f"{self.path.name} on {self.provider}"


@dataclass(frozen=True)
class Question:
    """Everything that the answer depends on.

    Attributes:
        processor, instructions: of this machine.
        onnxruntime: its version.
        threads: of the network.
        candidates: what there is to choose from, the preferred one first: file name, checksum, provider.
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
        """Of the cached answer."""
        return f"network-{hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]}.json"


@dataclass(frozen=True)
class Opened:
    """The network that runs.

    Attributes:
        session: ready to run.
        notes: how it was chosen, a line each, for people who ask.
    """

    session: Session
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Computer:
    """Where the networks are tried: what the answer depends on, what times them, and where the answer is kept.

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
    """Median seconds of each of `runs`, which take turns, so that a noisy moment hits all.

    Each runs once unmeasured. Then rounds begin until the budget is spent; there is at least one.
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
    """Index of the quickest, if it beats the first by a clear margin; else 0."""
    best = min(range(len(seconds)), key=seconds.__getitem__)
    return best if seconds[best] < MARGIN * seconds[0] else 0


def preferred(candidates: Sequence[Candidate], seconds: Sequence[float]) -> int:
    """Index of the candidate to run: the quickest with the best network, or, where that takes too long, the quickest of all.

    Args:
        candidates: at least one.
        seconds: a face, with each of them.
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
    """What may run the network, preferred first."""
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
        except ProviderError as error:  # a GPU that has gone since
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
    """Index of the candidate that was chosen before, or None: unknown, or what was kept is no answer to this question."""
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
        notes.append(f"measuring again, for what was remembered cannot be used ({error})")
        return None
    notes.append(f"measured at an earlier start: {words} (forget it: delete {path})")
    return index


def _remember(question: Question, index: int, words: Sequence[str], notes: list[str], computer: Computer) -> None:
    try:
        answer = {"question": asdict(question), "answer": index, "measured": list(words)}
        cache.write(computer.cache() / question.name, json.dumps(answer, indent=1))
    except OSError as error:
        notes.append(f"could not remember it ({error}); the next start measures again")
