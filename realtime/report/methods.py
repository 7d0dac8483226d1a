"""Writes a paragraph for the methods section of a paper."""

from realtime.datatypes import Setting
from realtime.report.figures import Figures
from realtime.report.quality import Quality
from realtime.report.recording import Recording

UNKNOWN = "(unknown)"


def paragraph(recording: Recording, quality: Quality, figures: Figures | None) -> str:
    """Describes the recording with all numbers that are needed to repeat it."""
    run, source = recording.header.run, recording.header.run.source
    settings, versions = dict(run.settings), dict(run.versions)
    rate = f", nominally {source.fps:.3g} frames/s" if source.fps else ""
    minimum = settings.get("min_face")
    return " ".join(
        (
            f"Facial expressions were recorded with fer-cam {run.version} from "
            f"{'a live source' if source.live else 'a video file'} ({source.width}x{source.height}{rate}).",
            f"Faces at least {f'{minimum} pixels' if minimum else 'a twelfth of the height of the frame'} wide were found with "
            f"the Haar cascade of OpenCV {versions.get('opencv', UNKNOWN)} and tracked.",
            f"Each face was converted to {'an equalized 48x48 grayscale image' if figures else 'the input of the network'} and "
            f"classified by the network {run.model} (SHA-256 {run.weights_sha256[:16] or UNKNOWN}) in ONNX Runtime "
            f"{versions.get('onnxruntime', UNKNOWN)} on {run.provider}, which returns a probability for each of "
            f"{len(run.labels)} expressions ({', '.join(run.labels)}).",
            *_profile(recording),
            _smoothing(settings),
            f"The recording has {quality.frames} frames over {quality.span_s:.1f} s ({quality.fps:.1f} frames/s); "
            f"{quality.dropped} frames of the source ({quality.dropped_share:.1%}) were not processed.",
            f"{'The latency from capture to result' if source.live else 'The time to process a frame'} was "
            f"{quality.latency_ms.p50:.0f} ms in the median and {quality.latency_ms.p95:.0f} ms at the 95th percentile.",
            _faces(quality),
            _accuracy(figures),
        )
    )


def _profile(recording: Recording) -> tuple[str, ...]:
    """Sentences about the correction for a person's neutral; empty if there was none."""
    run = recording.header.run
    sentences = []
    name = dict(run.settings).get("profile")
    if name is not None:
        sizes = ", ".join(f"{label} {size:.2f}" for label, size in run.correction) or "no expression by any amount"
        sentences.append(
            f"The probabilities of the largest face were corrected for the person's neutral (profile {name}; subtracted from "
            f"the logits: {sizes})."
        )
    later = sorted({marker.name for marker in recording.markers if marker.by == "calibration"})
    if later:
        sentences.append(f"A correction for the person's neutral began in the course of the recording ({', '.join(later)}).")
    return tuple(sentences)


def _smoothing(settings: dict[str, Setting]) -> str:
    smoothing_s, threshold = settings.get("smoothing_s"), settings.get("threshold")
    if not isinstance(smoothing_s, int | float) or not isinstance(threshold, int | float):
        return "Smoothing and threshold of the labels are unknown."
    smoothed = f"smoothed exponentially (time constant {smoothing_s:g} s)" if smoothing_s else "not smoothed"
    return (
        f"Probabilities were {smoothed}; a face was labelled with an expression whose probability was at least {threshold:g} "
        "and counted as uncertain otherwise, or where the image of the face was too poor."
    )


def _faces(quality: Quality) -> str:
    if not quality.present_s:
        return "No face was found."
    count = "One face was" if len(quality.faces) == 1 else f"{len(quality.faces)} faces were"
    return (
        f"{count} present for {quality.present_s:.1f} s in total, of which {quality.coasting_s / quality.present_s:.1%} were "
        f"bridged while the face was missed and {quality.uncertain_s / quality.present_s:.1%} were uncertain."
    )


def _accuracy(figures: Figures | None) -> str:
    if figures is None:
        return "The accuracy of this network is unknown here."
    return (
        f"On {figures.images} images of FER2013's PublicTest split with the majority labels of FER+, the accuracy of the "
        f"network is {figures.accuracy:.1%} (balanced over expressions: {figures.balanced_accuracy:.1%})."
    )
