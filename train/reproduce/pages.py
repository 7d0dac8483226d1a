"""The text of the results page and the format of its numbers. Judgements come from verdicts.py."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple

from train.reproduce.results import Metrics, Result
from train.reproduce.rows import Row
from train.reproduce.tradeoff import Costs, Timing
from train.reproduce.verdicts import AGREES, HIGHER, LOWER, ORIENTATION, Comparison, name_splits

Cells = tuple[str, ...]
"""One line of a table."""

TITLE = "The paper, row by row"

TRIAL = "This is a trial (`--quick`: one split, one epoch, few images). Its numbers mean nothing."

SHORT = {"A": "A, by image: leaky", "B": "B, by person", "C": "C, zero-shot"}
"""The protocols' names in tables."""

INTRODUCTION = """\
Istiqomah, Sari, Susanto, Rachmawanto: *Facial Expression Recognition using Convolutional Neural Networks with Transfer \
Learning ResNet-50* (JAIC 8(2), 2024), reproduced on CK+48. This page is generated from the files in [results](results) only; \
`python -m train.reproduce` writes both. Each row has the command that runs it again.

CK+48 has 981 images of seven classes. The paper counts 35 of anger; the actual number is 135, and only with 135 do its counts \
add up to 981."""

VERDICTS = f"""\
The verdict compares the published accuracy with Wilson's 95 % interval around ours. Below it: *ours is higher*. Inside: \
*agrees*. Above: *not reproduced*, with the difference in percentage points. If the published number is from other data, the \
verdict is *{ORIENTATION}*.

Ours is the mean over the seeds under protocol A, with the interval for the n images of one seed (the seeds' test sets \
overlap), and the share over all tested images under B and C. ± is the standard deviation over seeds or folds. The interval \
assumes independent images. CK+48 has three near-identical frames of each sequence, so the true uncertainty is larger."""

ALGORITHMS = """\
Images are gray, 48x48 and histogram-equalized. Algorithm 1 finds edges (Canny); the table has the share of edge pixels, and \
the rows on the input image measure the use of edges. Algorithm 2 finds faces with OpenCV's Haar cascade, and in them eyes \
and mouths with OpenCV's other cascades (it has none for noses); the table has the number of images with each. Figures 2 to 4 \
show faces; the command draws them into `DIR/faces`, and they are not published."""

TABLE_2 = """\
Precision, recall and F1 are means over the classes (scikit-learn's `macro`). Protocol A, as in the paper; mean ± standard \
deviation over the seeds. The best seed is selected by test accuracy, so it is optimistic."""

PROTOCOL_A = """\
**A, the paper's, is leaky.** A random 80 % of each class's images are for training, the rest for testing. Most sequences \
have three frames, so a test image often has a sibling in training: the same person and expression, a moment apart."""

PROTOCOL_B = """\
**B is by person.** The sorted persons are assigned to ten folds in turn; no person is on both sides. This measures accuracy \
on unseen people."""

PROTOCOL_C = """\
**C is zero-shot.** A network trained without CK+48 predicts the most likely of the seven classes."""

BESIDE = """\
Beside: difference to another row in percentage points, on the test images that both have; in brackets the images that \
only this row gets right : only the other."""

BEYOND = """\
Not tuned, but chosen after the paper's recipe had been evaluated on these folds."""

READINGS = """\
The paper does not say how its network was initialised. `scratch-a` of Table II initialises every residual block at \
zero, as is usual today; `plain-a` uses torchvision's defaults. Everything else is the same."""

BETWEEN = " The published number lies between the two, so the verdict depends on this choice."

LITERATURE = """\
The paper's [24] reached 83.1 % with another CNN + LSTM."""

DETAILS = """\
Precision, recall, F1: mean ± standard deviation over seeds (A), or over all tested images (B, C). Sequences right: share of \
sequences that are right by the mean of their frames' probabilities. Siblings in training: share of test images with another \
frame of their sequence in the training set. `DIR` and the data's path are free."""


def percent(share: float) -> str:
    """0.99487 -> 99.49 %."""
    return f"{100 * share:.2f} %"


def accuracy(result: Result) -> str:
    """The accuracy, with its standard deviation if there are several splits."""
    spread_over = f" ± {100 * result.deviation():.2f}" if len(result.splits) > 1 else ""
    return f"{100 * result.accuracy():.2f}{spread_over} %"


def interval(result: Result) -> str:
    """The two ends of the interval."""
    ends = result.interval()
    return f"{100 * ends.low:.1f} to {100 * ends.high:.1f} %"


def number(result: Result) -> str:
    """Number of test images: per seed under A, of all splits otherwise."""
    if result.protocol == "A":
        one = span([split.n for split in result.splits])
        return f"{len(result.splits)} × {one}" if len(result.splits) > 1 else one
    return str(result.n)


def span(numbers: Sequence[int]) -> str:
    """The common number, or the range."""
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def splits(row: Row, result: Result) -> str:
    """The splits that were run, and the number still missing."""
    text = name_splits(tuple(split.split for split in result.splits))
    missing = len(row.splits) - len(result.splits)
    text += " of 10" if row.protocol == "B" and len(result.splits) < 10 else ""
    return f"{text}; {missing} more planned" if missing > 0 else text


def figures(metrics: Metrics) -> Cells:
    """Accuracy, precision, recall, F1."""
    return tuple(percent(value) for value in astuple(metrics))


def spread(result: Result) -> Cells:
    """The same four as mean and standard deviation over the splits."""
    if len(result.splits) == 1:
        return figures(result.mean())
    pairs = zip(astuple(result.mean()), astuple(result.spread()), strict=True)
    return tuple(f"{100 * mean:.2f} ± {100 * deviation:.2f} %" for mean, deviation in pairs)


def comparison(found: Comparison, name: str) -> str:
    """`scratch-b` +1.4 points (12 : 8), folds 0 to 2."""
    return f"`{name}` {found.points:+.1f} points ({found.won} : {found.lost}), {name_splits(found.splits)}"


def tally(what: str, says: Sequence[str]) -> str:
    """Number of verdicts of each kind among comparable numbers."""
    agree, higher = says.count(AGREES), says.count(HIGHER)
    lower = sum(word.startswith(LOWER) for word in says)
    return f"{what}: {agree + higher + lower}; {AGREES} {agree}, {HIGHER} {higher}, {LOWER} {lower}."


def command(row: Row) -> str:
    """The command that runs a row again."""
    return f"`python -m train.reproduce --data ckplus48.zip --out DIR --only {row.name}`"


def costs(measured: Costs) -> str:
    """The description of the cost measurement."""
    made_by = ", ".join(f"{name} {value}" for name, value in sorted(measured.versions.items()))
    return (
        "Parameters and multiply-accumulates (MACs) are for one 48x48 face. fp32 and int8: median milliseconds per face (95th "
        f"percentile), and the file's size; {measured.n} calls of {measured.batch} face{'s' if measured.batch > 1 else ''}, "
        f"networks in turns, {measured.threads} thread{'s' if measured.threads > 1 else ''}, {measured.machine}, {made_by}, "
        f"commit {measured.commit}. Accuracy is that of the trained network in torch, on the folds that all the networks have."
    )


def timing(measured: Timing | None) -> str:
    """1.71 ms (2.03), 23.9 MB."""
    if measured is None:
        return "none"
    return f"{measured.median_ms:.2f} ms ({measured.p95_ms:.2f}), {measured.size_mb:.1f} MB"


def millions(count: int) -> str:
    """23501767 -> 23.5 M."""
    return f"{count / 1e6:.1f} M"


def image(file: str, caption: str) -> str:
    """A plot in Markdown, relative to the page."""
    return f"![{caption}](results/{file})"


def tabulate(headings: Sequence[str], lines: Iterable[Cells]) -> str:
    """A table in Markdown."""
    every = [tuple(headings), ("---",) * len(headings), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in every)
