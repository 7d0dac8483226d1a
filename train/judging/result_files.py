"""The result files of the commands that judge a network: JSON that names the command, the code and the weights."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from realtime.errors import SinkError
from realtime.machine import current_commit, processor
from realtime.model.classifier import Classifier


def header(module: str, words: Sequence[str], classifier: Classifier) -> dict[str, object]:
    """The first entries of every result file.

    Args:
        module: of the command, such as "train.groups".
        words: its arguments.
        classifier: the network that was judged.
    """
    return {
        "command": " ".join((f"python -m {module}", *words)),
        "commit": current_commit(),
        "processor": processor(),
        "model": classifier.name,
        "model_sha256": classifier.weights_sha256,
    }


def write(path: Path, values: Mapping[str, object], option: str = "--json") -> None:
    """Writes JSON, replacing the file; `option` is the one that named it.

    Raises:
        SinkError: it cannot be written.
    """
    text = json.dumps(values, indent=2, allow_nan=False) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror}); give another {option}") from error
