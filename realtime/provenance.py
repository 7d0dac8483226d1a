"""Describes a run: its network, its settings, and the versions of the loaded libraries."""

import platform
import sys
from importlib import metadata
from pathlib import Path

import cv2
import numpy as np

from realtime import __version__
from realtime.config import Config
from realtime.datatypes import RunInfo, Setting, SourceInfo
from realtime.model.classifier import Classifier
from realtime.model.session import RUNTIME
from realtime.neutral.profile import Profile
from realtime.sources.address import redact_url
from realtime.triggers import Trigger


def of_run(config: Config, source: SourceInfo, classifier: Classifier, profile: Profile | None = None) -> RunInfo:
    """What the data say about a run, in which a person's profile may be applied."""
    return RunInfo(
        version=__version__,
        model=classifier.name,
        labels=classifier.spec.labels,
        source=source,
        provider=classifier.provider,
        provider_asked=config.model.provider,
        notes=classifier.notes,
        weights_sha256=classifier.weights_sha256,
        settings=settings(config),
        versions=versions(),
        correction=correction(profile),
    )


def settings(config: Config) -> tuple[tuple[str, Setting], ...]:
    """Every setting with its value as in JSON, in order; passwords are redacted."""
    values = {name: _plain(value) for name, value in config.settings().items()}
    if "://" in config.source.location:
        values["source"] = redact_url(config.source.location)
    if config.output.mqtt is not None:
        values["mqtt"] = redact_url(config.output.mqtt)
    values["triggers"] = tuple(str(Trigger.parse(text)) for text in config.output.triggers)
    return tuple(values.items())


def correction(profile: Profile | None) -> tuple[tuple[str, float], ...]:
    """What a person's profile subtracts from the logits, by expression."""
    return () if profile is None else tuple((label, round(size, 4)) for label, size in profile.correction.items())


def versions() -> tuple[tuple[str, str], ...]:
    """Name and version of the program, Python and each library that affects the results."""
    return (
        ("fer-cam", __version__),
        ("python", platform.python_version()),
        ("numpy", np.__version__),
        ("opencv", cv2.__version__),
        ("onnxruntime", RUNTIME),
        ("av", _loaded("av")),
    )


def _loaded(name: str) -> str:
    """The version of a loaded library, else that of its package."""
    module = sys.modules.get(name)
    return str(module.__version__) if module is not None else metadata.version(name)


def _plain(value: object) -> Setting:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return tuple(value)
    assert value is None or isinstance(value, str | int | float | bool)
    return value
