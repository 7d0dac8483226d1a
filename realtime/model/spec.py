"""The spec of a network: JSON under `fer.spec` in the ONNX metadata. File names carry no information."""

import json
from dataclasses import asdict, dataclass, fields

from realtime import preprocess
from realtime.errors import ModelSpecError
from realtime.labels import LABELS, NO_FACE

KEY = "fer.spec"
VERSION = 1


@dataclass(frozen=True)
class ModelSpec:
    """Input and output format of a network.

    Attributes:
        name: of the network, for display.
        version: of this format.
        labels: expressions, in the order of the outputs.
        no_face: whether one more output, after those of the labels, is the probability that the crop shows no face.
        input_size: side of the square input, pixels.
        channels: 1, gray.
        equalize: whether histograms are equalized after the resize.
        mean, std: of the normalisation, in units of full scale.
        crop: how faces are cropped; "haar-square": the Haar cascade's box unchanged.
        provenance: recipe, data, commit and figures; one line, for display.
    """

    name: str
    labels: tuple[str, ...] = LABELS
    version: int = VERSION
    input_size: int = preprocess.SIZE
    channels: int = 1
    equalize: bool = True
    mean: float = preprocess.MEAN
    std: float = preprocess.STD
    crop: str = "haar-square"
    provenance: str = ""
    no_face: bool = False

    @classmethod
    def of_outputs(cls, name: str, outputs: tuple[str, ...], provenance: str = "") -> "ModelSpec":
        """The spec of a network with these outputs, the last of which may be NO_FACE."""
        no_face = outputs[-1] == NO_FACE
        return cls(name, labels=outputs[:-1] if no_face else outputs, no_face=no_face, provenance=provenance)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The meaning of each output: the labels, and NO_FACE if the network has it."""
        return (*self.labels, NO_FACE) if self.no_face else self.labels

    def to_json(self) -> str:
        """The text to store under KEY."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """Reads a stored spec.

        Raises:
            ModelSpecError: not JSON, fields missing or unknown, or values this program does not support.
        """
        try:
            values = json.loads(text)
            names = {field.name for field in fields(cls)}
            # files from before version 0.2 have no such field and no such output
            if not isinstance(values, dict) or {"no_face", *values} != names:
                raise ValueError(f"its fields are not {', '.join(sorted(names))}")
            values["labels"] = tuple(str(label) for label in values["labels"])
            spec = cls(**values)
        except (ValueError, TypeError) as error:
            message = f"the network's {KEY} metadata cannot be read ({error}); export it with train.export"
            raise ModelSpecError(message) from error
        unknown = [label for label in spec.labels if label not in LABELS]
        if unknown or len(set(spec.labels)) != len(spec.labels) or not spec.labels:
            raise ModelSpecError(f"the network's labels are {list(spec.labels)}; each must be one of {', '.join(LABELS)}")
        if (spec.version, spec.channels, spec.crop) != (VERSION, 1, "haar-square") or spec.std <= 0 or spec.input_size < 1:
            raise ModelSpecError(
                f"the network needs spec version {spec.version}, {spec.channels} channels, crop {spec.crop!r}, std {spec.std}; "
                f"this program supports version {VERSION}, 1 channel, crop 'haar-square'"
            )
        return spec
