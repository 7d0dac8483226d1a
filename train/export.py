"""python -m train.export RUN --out weights/fer-resnet50.onnx [--int8] --data fer2013.csv.xz --votes fer2013new.csv"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from realtime import preprocess
from realtime.errors import ConfigError, FerError, SinkError
from realtime.labels import NO_FACE
from realtime.model.session import CHECKSUMS, Session
from realtime.model.spec import ModelSpec
from train.data import manifest, training_data
from train.data.datasets import FaceSet
from train.extra import EXTRA
from train.failed import failed
from train.judging import metrics, predictions
from train.judging.metrics import Scorecard

with EXTRA:
    import torch
    from torch import nn

    from train.data import lineage
    from train.judging import calibration, inference
    from train.judging.calibration import Calibration
    from train.learning import checkpoint
    from train.learning.checkpoint import Checkpoint
    from train.network import models, onnx_graph, quantize

MOST_DIFFERENCE = 1e-4
"""Largest logit difference allowed between torch and ONNX; float32 rounding causes about a tenth of it."""

LEAST_AGREEMENT = 0.99
"""Smallest share of validation faces on which int8 and full precision must agree."""

PARITY_BATCHES = (1, 2, 253)
"""Several sizes, because some exporters fix the batch size to that of the example."""


@dataclass(frozen=True, eq=False)
class Exported:
    """One exported file and its scores.

    Attributes:
        path: the file.
        scores: on the validation faces.
        agreement: share of labels equal to the full-precision file's.
    """

    path: Path
    scores: Scorecard
    agreement: float


def export(
    saved: Checkpoint,
    train: FaceSet,
    val: FaceSet,
    out: Path,
    *,
    tau: float = 0.0,
    keep_temperature: bool = False,
    int8: bool = False,
    about: str = "",
    judged_on: str = "",
    open_session: Callable[[Path], Session] = Session,
    least_agreement: float = LEAST_AGREEMENT,
) -> list[Exported]:
    """Writes a calibrated network to `out` and optionally its int8 copy to `<name>-int8.onnx` beside it; both files or neither.

    Args:
        saved: the checkpoint.
        train: its training set, for class shares and int8 calibration.
        val: held-out faces with majority labels, for fitting the temperature and for the scores.
        out: the full-precision file; weights are stored in 16 bits, computation is in 32.
        tau: strength of the logit adjustment.
        keep_temperature: leave the probabilities as they are, for a calibrated network that was trained on its own output.
        int8: whether to write the int8 copy too.
        about, judged_on: descriptions of `train` and `val` for the files' provenance.
        open_session: loads a file, to compare it with torch.
        least_agreement: share of the labels in which int8 has to agree with full precision.

    Raises:
        ConfigError: `train` is not what it was trained on; torch and ONNX disagree, or int8 and full precision do.
        SinkError: the files cannot be written.
    """
    if train.manifest_sha256() != saved.manifest_sha256:
        raise ConfigError(f"the data is not what the network was trained on (manifest {saved.manifest_sha256[:12]})")
    network = averaged(saved)
    inference.settle(network, train.images, saved.recipe, torch.device("cpu"))
    network.eval()
    val = expressions(val)
    if keep_temperature:
        fitted = Calibration(0.0, np.zeros(len(val.labels), np.float32), 1.0)
    else:
        fitted = calibration.calibrate(_logits(network, val), val.classes(), calibration.class_shares(train), tau)
    fitted.fold_into(models.last_layer(network))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as folder:
            done = _write(saved, network, fitted, train, val, Path(folder), out.name, int8, open_session, least_agreement)
            for file in done:
                provenance = _provenance(saved, fitted, file, train, about, judged_on)
                onnx_graph.write_spec(file.path, ModelSpec.of_outputs(file.path.stem, saved.labels, provenance))
                lineage.write(file.path, saved.seen)
            for file in done:
                file.path.replace(out.with_name(file.path.name))
            done = [dataclasses.replace(file, path=out.with_name(file.path.name)) for file in done]
            update_checksums(out.parent, [file.path.name for file in done])
    except OSError as error:
        raise SinkError(f"{out}: cannot be written ({error.strerror}); give another --out") from error
    return done


def expressions(faces: FaceSet) -> FaceSet:
    """The rows with an expression, with targets for the expressions only."""
    known = [label for label in faces.labels if label != NO_FACE]
    rows = faces.where(faces.classes() < len(known)) if len(known) < len(faces.labels) else faces
    return dataclasses.replace(rows, targets=rows.targets[:, : len(known)], labels=tuple(known))


def averaged(saved: Checkpoint) -> nn.Module:
    """The checkpoint's network with averaged weights, or the last weights if the recipe has no averaging."""
    network = models.build(saved.recipe.network, len(saved.labels), max_pool=saved.recipe.max_pool, seed=saved.recipe.seed)
    if saved.recipe.ema_decay:
        prefix = "module."
        weights = {name.removeprefix(prefix): value for name, value in saved.average.items() if name.startswith(prefix)}
    else:
        weights = saved.model
    network.load_state_dict(weights)
    return network.eval()


def parity(network: nn.Module, session: Session, faces: FaceSet) -> float:
    """Largest logit difference between torch and ONNX, over real faces in batches of several sizes."""
    differences, start = [], 0
    for size in PARITY_BATCHES:
        rows = np.arange(start, start + size) % len(faces)
        batch = preprocess.normalise([preprocess.prepare(faces.images[row]) for row in rows])
        with torch.inference_mode():
            wanted = network(torch.from_numpy(batch)).numpy()
        differences.append(np.abs(wanted - session.run(batch)).max())
        start += size
    return float(np.max(differences))  # keeps NaN, which max() would lose


def update_checksums(folder: Path, names: list[str]) -> None:
    """Updates the files' SHA-256 in folder/SHA256SUMS (format of `sha256sum`); lines of other files stay."""
    path = folder / CHECKSUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}
    sums |= {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    aside = path.with_suffix(".tmp")
    aside.write_text("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)), encoding="utf-8", newline="\n")
    aside.replace(path)


def _write(
    saved: Checkpoint,
    network: nn.Module,
    fitted: Calibration,
    train: FaceSet,
    val: FaceSet,
    folder: Path,
    name: str,
    int8: bool,
    open_session: Callable[[Path], Session],
    least_agreement: float,
) -> list[Exported]:
    full, whole = folder / name, folder / "float32"
    spec = ModelSpec.of_outputs(full.stem, saved.labels)
    onnx_graph.to_onnx(network, spec, whole)
    _check_parity(network, open_session(whole), val)
    full.write_bytes(whole.read_bytes())
    onnx_graph.halve(full)
    onnx_graph.halved(network)
    _check_parity(network, open_session(full), val)
    probs = predictions.predict(predictions.open_classifier(full), val).probs
    done = [Exported(full, metrics.score(probs, val.classes(), val.labels), 1.0)]
    if int8:
        small = folder / f"{full.stem}-int8.onnx"
        spec = dataclasses.replace(spec, name=small.stem)
        quantize.quantize(whole, small, quantize.calibration_faces(train), spec)
        small_probs = predictions.predict(predictions.open_classifier(small), val).probs
        agreement = float((small_probs.argmax(axis=1) == probs.argmax(axis=1)).mean())
        if agreement < least_agreement:
            raise ConfigError(
                f"int8 gives {agreement:.1%} of the faces the same label as full precision, less than {least_agreement:.0%}; "
                "nothing was written; export without --int8"
            )
        done.append(Exported(small, metrics.score(small_probs, val.classes(), val.labels), agreement))
    return done


def _check_parity(network: nn.Module, session: Session, val: FaceSet) -> None:
    difference = parity(network, session, val)
    if not difference <= MOST_DIFFERENCE:
        raise ConfigError(
            f"torch and ONNX differ by {difference:.1e} in a logit, more than {MOST_DIFFERENCE:.0e}; nothing was written; "
            "report this with the versions of torch and onnxruntime"
        )


def _provenance(saved: Checkpoint, fitted: Calibration, file: Exported, train: FaceSet, about: str, judged_on: str) -> str:
    scores, repeats = file.scores, saved.recipe.extra_repeats
    persons = sum(manifest.subject_of(name) != "" for name in train.names) if repeats else 0
    extra = f" and {persons} of CK+48 ({repeats} times each image)" if persons else ""
    return (
        f"recipe {saved.recipe.name}, epoch {saved.epoch} of {saved.recipe.epochs}, commit {saved.commit}; "
        f"{len(train) - persons} faces of {about}{extra}, "
        f"manifest sha256 {saved.manifest_sha256}; "
        f"temperature {fitted.temperature:.4f}, logit adjustment tau {fitted.tau:g}; "
        f"{judged_on}, {scores.n} faces: accuracy {scores.accuracy:.4f}, balanced {scores.balanced_accuracy:.4f}, "
        f"macro-F1 {scores.macro_f1:.4f}, NLL {scores.nll:.4f}, ECE {scores.ece:.4f}; "
        f"labels like full precision: {file.agreement:.4f}"
    )


def _logits(network: nn.Module, faces: FaceSet, batch_size: int = 256) -> NDArray[np.float32]:
    parts = []
    with torch.inference_mode():
        for start in range(0, len(faces), batch_size):
            batch = [preprocess.prepare(image) for image in faces.images[start : start + batch_size]]
            parts.append(network(torch.from_numpy(preprocess.normalise(batch)))[:, : len(faces.labels)].numpy())
    return np.concatenate(parts)


def main(argv: list[str] | None = None, write: Callable[..., list[Exported]] = export) -> int:
    """Exports one run; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        EXTRA.require()
        saved = checkpoint.load(args.run)
        faces = training_data.gather(saved.recipe, args.data, args.votes, args.extra, args.labels)
        for file in write(
            saved,
            faces.train,
            faces.val,
            args.out,
            tau=args.logit_adjust,
            int8=args.int8,
            about=faces.about,
            judged_on=faces.judged_on,
        ):
            scores = file.scores
            console.print(
                f"{file.path}: {file.path.stat().st_size / 1e6:.1f} MB; {faces.judged_on}: accuracy {scores.accuracy:.4f}"
                f"  balanced {scores.balanced_accuracy:.4f}  macro-F1 {scores.macro_f1:.4f}  NLL {scores.nll:.4f}"
                f"  ECE {scores.ece:.4f}  labels like full precision {file.agreement:.4f}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
    except FerError as error:
        return failed("export", error, console)
    except KeyboardInterrupt:
        console.print("stopped; nothing was written")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.export", description="Turn a run into an ONNX file.")
    parser.add_argument("run", type=Path, help="the --out folder of a train.fit run")
    parser.add_argument("--out", type=Path, required=True, help="the .onnx file to write")
    parser.add_argument("--int8", action="store_true", help="also write NAME-int8.onnx beside it")
    parser.add_argument("--logit-adjust", type=float, default=0.0, metavar="TAU", help="favour rare classes (default: 0)")
    training_data.add_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
