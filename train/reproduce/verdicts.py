"""Comparison of a result with a published number, and with another result on the same images."""

from collections.abc import Iterable
from dataclasses import dataclass

from train.reproduce.results import Result
from train.reproduce.rows import Published

HIGHER, AGREES, LOWER = "ours is higher", "agrees", "not reproduced"
ORIENTATION = "other data: for orientation"


def verdict(published: Published | None, result: Result) -> str:
    """The position of a published accuracy relative to our 95 % interval; empty without a published number.

    Below: ours is higher. Inside: agrees. Above: not reproduced, with the difference in points.
    """
    if published is None:
        return ""
    if not published.comparable:
        return ORIENTATION
    interval = result.interval()
    if published.accuracy < interval.low:
        return HIGHER
    if published.accuracy <= interval.high:
        return AGREES
    return f"{LOWER}: {100 * (published.accuracy - result.accuracy()):.1f} points lower"


@dataclass(frozen=True)
class Comparison:
    """Two results on their common test images.

    Attributes:
        splits: names of the common splits.
        n: number of their test images.
        won: images right in the first and wrong in the second.
        lost: images wrong in the first and right in the second.
    """

    splits: tuple[str, ...]
    n: int
    won: int
    lost: int

    @property
    def points(self) -> float:
        """Percentage points by which the first is more accurate."""
        return 100 * (self.won - self.lost) / self.n


def compare(result: Result, other: Result) -> Comparison | None:
    """Compares two results on their common splits; None without common splits, or with other test images."""
    theirs = {split.split: split for split in other.splits}
    pairs = [(split, theirs[split.split]) for split in result.splits if split.split in theirs]
    if result.protocol != other.protocol or not pairs or any(mine.truth != its.truth for mine, its in pairs):
        return None
    won = lost = 0
    for mine, its in pairs:
        for truth, here, there in zip(mine.truth, mine.predicted, its.predicted, strict=True):
            won += here == truth != there
            lost += there == truth != here
    return Comparison(tuple(mine.split for mine, _ in pairs), sum(mine.n for mine, _ in pairs), won, lost)


def common_splits(results: Iterable[Result]) -> tuple[str, ...]:
    """Names of the splits common to all results, in order."""
    each = [{split.split for split in result.splits} for result in results]
    return tuple(sorted(set.intersection(*each))) if each else ()


def name_splits(names: tuple[str, ...]) -> str:
    """("fold 0", "fold 1", "fold 2") -> "folds 0 to 2", ("seed 4",) -> "seed 4", ("all",) -> "all images"."""
    if names == ("all",):
        return "all images"
    kind = names[0].partition(" ")[0]
    numbers = sorted(int(name.partition(" ")[2]) for name in names)
    if len(numbers) == 1:
        return f"{kind} {numbers[0]}"
    if numbers == list(range(numbers[0], numbers[-1] + 1)) and len(numbers) > 2:
        return f"{kind}s {numbers[0]} to {numbers[-1]}"
    return f"{kind}s {', '.join(str(number) for number in numbers[:-1])} and {numbers[-1]}"
