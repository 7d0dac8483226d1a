"""python -m train.int8 NAME.onnx --data fer2013.csv.xz --votes fer2013new.csv

Writes a new int8 copy of a full-precision file whose run is gone; `train.export --int8` writes both files from a run.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from realtime.errors import ConfigError, FerError, SinkError
from train import export, recipes
from train.data import training_data
from train.export import LEAST_AGREEMENT
from train.extra import EXTRA
from train.failed import failed
from train.judging import predictions

with EXTRA:
    from train.data import lineage
    from train.network import quantize


def write(full: Path, data: Path, votes: Path, least_agreement: float = LEAST_AGREEMENT) -> float:
    """Writes NAME-int8.onnx beside NAME.onnx, with its checksum; returns the share of PublicTest labels that agree.

    Raises:
        ConfigError: not a full-precision network, unreadable data, or too few labels agree.
        SinkError: the copy cannot be written.
    """
    network = predictions.open_classifier(full)
    faces = training_data.gather(recipes.find("webcam"), data, votes)
    out = full.with_name(f"{full.stem}-int8.onnx")
    spec = dataclasses.replace(
        network.spec,
        name=out.stem,
        provenance=f"{network.spec.provenance}; int8 copy made by train.int8 with {quantize.FACES} faces of FER2013 Training",
    )
    try:
        with tempfile.TemporaryDirectory(dir=full.parent, prefix=".int8-") as folder:
            aside = Path(folder) / out.name
            quantize.quantize(full, aside, quantize.calibration_faces(faces.train), spec)
            lineage.write(aside, lineage.read(full))
            labels = [
                predictions.predict(classifier, faces.val).probs.argmax(axis=1)
                for classifier in (network, predictions.open_classifier(aside))
            ]
            agreement = float((labels[0] == labels[1]).mean())
            if agreement < least_agreement:
                raise ConfigError(
                    f"int8 gives {agreement:.1%} of the faces full precision's label, less than {least_agreement:.0%}"
                )
            aside.replace(out)
        export.update_checksums(full.parent, [out.name])
    except OSError as error:
        raise SinkError(f"{out}: cannot be written ({error.strerror}); choose a writable folder") from error
    return agreement


def main(argv: list[str] | None = None, least_agreement: float = LEAST_AGREEMENT) -> int:
    """Writes the copy and prints its agreement; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m train.int8", description="Write the int8 copy of a full-precision file.")
    parser.add_argument("full", type=Path, help="an .onnx file written by train.export")
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, plain or .xz, .gz, .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv: the FER+ votes, row by row")
    args = parser.parse_args(argv)
    try:
        EXTRA.require()
        agreement = write(args.full, args.data, args.votes, least_agreement)
    except FerError as error:
        return failed("int8", error)
    print(f"{args.full.stem}-int8.onnx: {agreement:.2%} of PublicTest labels equal full precision's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
