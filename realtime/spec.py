"""What a network says about itself: JSON under `fer.spec` in the ONNX metadata. Nothing is read from a file's name."""

import json
from dataclasses import asdict, dataclass, fields

from realtime import preprocess
from realtime.errors import ModelSpecError
from realtime.labels import LABELS

KEY = "fer.spec"
VERSION = 1


@dataclass(frozen=True)
class ModelSpec:
    """How a network is to be fed and read.

    Attributes:
        name: of the network, for people.
        version: of this format.
        labels: class names, in the order of the outputs.
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
            if not isinstance(values, dict) or set(values) != names:
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
