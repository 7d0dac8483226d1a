"""What a network says about itself: JSON under `fer.spec` in the ONNX metadata. Nothing is read from a file's name."""

import json
from dataclasses import asdict, dataclass, fields

from realtime import preprocess
from realtime.errors import ModelSpecError
from realtime.labels import LABELS, NO_FACE

KEY = "fer.spec"
VERSION = 1


@dataclass(frozen=True)
class ModelSpec:
    """How a network is to be fed and read.

    Attributes:
        name: of the network, for people.
        version: of this format.
        labels: expressions, in the order of the outputs.
        no_face: whether one more output, behind those of the labels, says that the crop shows no face.
        input_size: side of the square input, pixels.
        channels: 1, gray.
        equalize: whether histograms are equalized after the resize.
        mean, std: of the normalisation, in units of full scale.
        crop: which pixels a face is; "haar-square": the Haar cascade's box as it is.
        provenance: how it was made: recipe, data, commit, figures; one line, for people.
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
        """What each output stands for: the labels, and NO_FACE where the network knows it."""
        return (*self.labels, NO_FACE) if self.no_face else self.labels

    def to_json(self) -> str:
        """The text to store under KEY."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "ModelSpec":
        """Reads a stored spec.

        Raises:
            ModelSpecError: not JSON, fields missing or unknown, or values this program cannot serve.
        """
        try:
            values = json.loads(text)
            names = {field.name for field in fields(cls)}
            # files of before version 0.2 say nothing about no_face, and have no such output
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
                f"the network wants spec version {spec.version}, {spec.channels} channels, crop {spec.crop!r}, std {spec.std}; "
                f"this program serves version {VERSION}, 1 channel, crop 'haar-square'"
            )
        return spec
