"""Profiles for tests."""

from realtime.labels import LABELS
from realtime.neutral.profile import Profile, Reading


def profile(name: str = "anna", *, weights_sha256: str = "ab" * 32, spread: float = 0.0, **offsets: float) -> Profile:
    """A profile with these logits against neutral at rest; the others are far from it."""
    logits = tuple(0.0 if label == "neutral" else offsets.get(label, -6.0) for label in LABELS)
    reading = Reading(LABELS, logits, (spread,) * len(LABELS), 150, 5.0, 120.0)
    return Profile(name, "2026-01-31T12:00:00Z", reading, "net.onnx", weights_sha256, "0.1.0", (("min_face", 0),))
