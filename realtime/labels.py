"""The one list of expressions, its order, and the names other people give them."""

LABELS: tuple[str, ...] = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
)
"""The paper's seven and neutral, in FER+ order: column i of every probability array is LABELS[i]."""

PAPER_LABELS: tuple[str, ...] = LABELS[1:]
"""The seven classes of the paper (CK+ has no neutral)."""

UNCERTAIN = "uncertain"
"""Shown instead of a label when no expression is likely enough; never a class of a network."""

NO_FACE = "no face"
"""The further output of networks that also tell false positives of the detector; never a label."""

ALIASES: dict[str, str] = {
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "natural": "neutral",
    "sad": "sadness",
    "surprised": "surprise",
}
"""Names seen in public data sets (Kaggle's FER2013 and CK+48 folders among them)."""


def canonical(name: str) -> str:
    """Maps a data set's class name, in any case, onto LABELS.

    Raises:
        KeyError: the name is no expression this program knows.
    """
    folded = name.strip().lower()
    label = ALIASES.get(folded, folded)
    if label not in LABELS:
        raise KeyError(name)
    return label
