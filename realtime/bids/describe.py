"""The descriptions beside the tables of a dataset: columns, units, how samples are made, and what is not BIDS about them."""

from typing import Any

from realtime import __version__
from realtime.bids.samples import Frames, Samples
from realtime.sinks.events import UNNAMED

BIDS_VERSION = "1.11.0"
"""The version whose rules the names and tables follow."""

NOT_BIDS = (
    "This folder is BIDS-like: names, tables and descriptions follow BIDS, but BIDS has no place for facial expressions. "
    "The recordings have the suffix `physio`, which BIDS keeps for physiological signals such as pulse and breathing; their "
    "values are not measured by a sensor but computed by a network from video, and the video is not here."
)


def description() -> dict[str, Any]:
    """`dataset_description.json`."""
    return {
        "Name": "Facial expressions, BIDS-like (not BIDS; see README)",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "fer-cam", "Version": __version__, "Description": "fer-cam export"}],
    }


def readme() -> str:
    """The README of a dataset."""
    return (
        f"# Facial expressions from video\n\n{NOT_BIDS}\n\n"
        "An expression on a face is not a feeling in a person. The probabilities come from a network, which makes errors; "
        "`fer-cam report` of the session says how often.\n"
    )


def physio_sidecar(frames: Frames, samples: Samples) -> dict[str, Any]:
    """The description of the columns of a recording."""
    run = frames.header.run
    columns: dict[str, dict[str, Any]] = {
        f"p_{label}": {
            "Description": f"Probability of {label} for the largest face, smoothed over time; the probabilities sum to 1",
            "Units": "1",
        }
        for label in run.labels
    }
    columns |= {
        "confidence": {"Description": "Probability of the label; n/a where the face is uncertain", "Units": "1"},
        "quality": {"Description": "How usable the image of the face is, from 0 to 1", "Units": "1"},
        "seen": {"Description": "Whether the face was found in this frame", "Levels": {"1": "found", "0": "carried over"}},
        "face_id": {"Description": "Number of the face; a face that was away for long gets a new one"},
        "faces": {"Description": "Number of faces in the frame"},
        "frame": {"Description": "Number of the frame in frames.jsonl that the sample has its values from"},
    }
    return {
        "SamplingFrequency": samples.rate_hz,
        "StartTime": samples.start_s,
        "Columns": list(frames.columns),
        "PhysioType": "generic",
        "SoftwareVersions": f"fer-cam {run.version}",
        "Description": NOT_BIDS,
        "Resampling": {
            "Description": (
                "Frames came at their own times. A sample has the values of the newest frame, none of which is older than "
                "MaximumAge; n/a is no face, or no such frame. Nothing is interpolated."
            ),
            "MaximumAge": samples.stale_s,
            "Frames": len(frames.t),
            "FramesInNoSample": samples.unused,
            "Samples": len(samples.values),
            "SamplesWithoutFrame": samples.frameless,
        },
        "Network": {"Name": run.model, "SHA256": run.weights_sha256},
        "SessionEnded": "killed, or still running" if frames.summary is None else frames.summary.end,
        **columns,
    }


def events_sidecar(frames: Frames) -> dict[str, Any]:
    """The description of the columns of the events."""
    names = dict.fromkeys(" ".join((marker.name or UNNAMED).split()) for marker in frames.markers)
    return {
        "onset": {"Description": "When the marker was set, on the time axis of the recording", "Units": "s"},
        "duration": {"Description": "0: a marker is a moment", "Units": "s"},
        "trial_type": {"Description": "Name of the marker", "Levels": {name: f"the marker {name}" for name in names}},
        "frame": {"Description": "Number of the frame that was shown then"},
        "by": {
            "Description": "What set the marker",
            "Levels": {
                "key": "a key in the window",
                "terminal": "a typed line",
                "udp": "a datagram",
                "lsl": "a sample of an LSL stream",
            },
        },
    }
