"""Processes frames to results. Synchronous: no window, no waiting; the time comes with the frame.

    finder -> preprocess -> classifier, in turns mirrored -> a person's profile, if any -> smoother

The finder filters the box before the network sees it, since Haar's raw box jumps.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from realtime.config import ReadingConfig
from realtime.datatypes import (
    FULL_EFFORT,
    Effort,
    Frame,
    FrameResult,
    Scores,
    SourceInfo,
    StageSeconds,
    State,
    TrackedFace,
)
from realtime.faces import quality
from realtime.faces.detector import HaarDetector
from realtime.faces.evidence import Evidence
from realtime.faces.finder import Finder, PerImageFinder, TrackingFinder
from realtime.faces.follower import Follower
from realtime.faces.mirrored import BothWays
from realtime.faces.quality import Fault
from realtime.faces.scanner import Scanner
from realtime.faces.smoother import Smoother
from realtime.faces.tracker import REMEMBER_S, Sighting
from realtime.model.classifier import Classifier
from realtime.neutral import profiles
from realtime.neutral.applied import Applied
from realtime.neutral.profile import Profile


@dataclass(frozen=True, eq=False)
class _Detected:
    """A frame whose faces are found but not yet classified.

    Attributes:
        sightings: the faces to show.
        read: those to classify in this frame.
        smalls: their images, uint8 (S,S), gray, not equalized.
        images: input of the network: these faces prepared, some of them mirrored.
        find_s, prepare_s: duration of each stage, seconds.
    """

    frame: Frame
    sightings: tuple[Sighting, ...]
    read: tuple[Sighting, ...]
    smalls: tuple[NDArray[np.uint8], ...]
    images: tuple[NDArray[np.uint8], ...]
    find_s: float
    prepare_s: float


TURNED_AWAY = "turned away"
"""The reason for a face whose front has not been detected for a while, unless the crop is too poor for that."""


class Pipeline:
    """Finds, tracks and classifies the faces of consecutive frames.

    Args:
        finder: finds and tracks them.
        classifier: classifies them.
        config: threshold and smoothing.
        temporal: False for unrelated images, which are not smoothed.
        clock: seconds, for the duration of the stages.
        profile: corrects the probabilities of the largest face; made with the same network.
    """

    def __init__(
        self,
        finder: Finder,
        classifier: Classifier,
        config: ReadingConfig,
        *,
        temporal: bool = True,
        clock: Callable[[], float] = time.perf_counter,
        profile: Profile | None = None,
    ) -> None:
        self._finder = finder
        self._classifier = classifier
        self._clock = clock
        self._temporal = temporal
        self._both_ways = BothWays(temporal=temporal)
        self._evidence = Evidence()
        self._applied = Applied(profile)
        self._smoother = Smoother(classifier.spec.labels, config.threshold, config.smoothing_s if temporal else 0.0)

    @property
    def profile(self) -> Profile | None:
        """The profile that is applied."""
        return self._applied.profile

    def use(self, profile: Profile | None) -> None:
        """Applies another profile from the next frame on, to the face that had the last one."""
        self._applied.profile = profile

    def process(self, frame: Frame, dropped: int = 0, effort: Effort = FULL_EFFORT) -> FrameResult:
        """The result of one frame; `dropped` is copied into it."""
        return self.process_many([frame], dropped, effort)[0]

    def process_many(self, frames: Sequence[Frame], dropped: int = 0, effort: Effort = FULL_EFFORT) -> tuple[FrameResult, ...]:
        """The results of consecutive frames, whose faces are classified in one batch: half the time for each."""
        detections = [self._detect(frame, effort) for frame in frames]
        began = self._clock()
        scores = self._classifier.classify([image for detected in detections for image in detected.images])
        classify_s = (self._clock() - began) / len(detections)
        results, first = [], 0
        for detected in detections:
            rows = slice(first, first + len(detected.images))
            of_frame = Scores(scores.probs[rows], scores.labels, scores.face_probs[rows])
            first += len(detected.images)
            results.append(self._assemble(detected, of_frame, classify_s, dropped, effort))
        return tuple(results)

    def close(self) -> None:
        """Ends background threads; may be called twice."""
        self._finder.close()

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _detect(self, frame: Frame, effort: Effort) -> _Detected:
        clock = self._clock
        began = clock()
        gray = preprocess.to_gray(frame.image)
        sightings = self._finder.find(gray, frame.time_s, effort)
        found = clock()
        read = self._due_for_reading([sighting for sighting in sightings if sighting.state is State.SEEN], effort)
        crops = self._classifier.prepare(preprocess.crop(gray, sighting.box_xyxy) for sighting in read)
        images = self._both_ways.images([sighting.id for sighting in read], crops.faces, frame)
        return _Detected(frame, sightings, read, crops.smalls, images, found - began, clock() - found)

    def _due_for_reading(self, seen: Sequence[Sighting], effort: Effort) -> tuple[Sighting, ...]:
        """The faces to classify in a frame: those classified longest ago, as many as the effort allows."""
        most = math.ceil(len(seen) * effort.readings)
        if most == len(seen):
            return tuple(seen)
        return tuple(sorted(seen, key=lambda sighting: self._smoother.last_read_s(sighting.id))[:most])

    def _assemble(self, detected: _Detected, scores: Scores, classify_s: float, dropped: int, effort: Effort) -> FrameResult:
        """Updates the faces with the network's scores and builds the result."""
        began, now = self._clock(), detected.frame.time_s
        self._smoother.forget_before(now - REMEMBER_S)
        self._evidence.forget_before(now - REMEMBER_S)
        self._both_ways.forget_before(now - REMEMBER_S)
        scores = self._both_ways.mean([sighting.id for sighting in detected.read], scores, now)
        for sighting, face_prob in zip(detected.read, scores.face_probs, strict=True):
            self._evidence.update(sighting.id, float(face_prob), now)
        self._finder.deny(self._evidence.hopeless(now), now)
        self._applied.choose([each for each in detected.sightings if not self._evidence.is_denied(each.id)])
        for sighting, small, raw in zip(detected.read, detected.smalls, scores.probs, strict=True):
            side = float(sighting.box_xyxy[2] - sighting.box_xyxy[0])
            crop = quality.judge(small, side)
            front = crop.fault in (None, Fault.COVERED)  # a dark or blurred face is not detected either
            fault = TURNED_AWAY if sighting.turned and front else crop.fault
            self._smoother.update(sighting.id, self._applied.correct(sighting.id, raw), crop.value, now, fault)
        raws = {sighting.id: raw for sighting, raw in zip(detected.read, scores.probs, strict=True)}
        # a face not classified yet has no label
        known = [
            sighting
            for sighting in detected.sightings
            if self._smoother.last_read_s(sighting.id) > -math.inf and not self._evidence.is_denied(sighting.id)
        ]
        faces = tuple(self._describe(sighting, raws.get(sighting.id)) for sighting in known)
        finished = self._clock()
        stages = StageSeconds(find=detected.find_s, preprocess=detected.prepare_s, classify=classify_s, smooth=finished - began)
        live = self._temporal and detected.frame.media_time is None
        latency_s = finished - detected.frame.captured_at if live else stages.total
        found = np.array([sighting.box_xyxy for sighting in detected.sightings], np.float32).reshape(-1, 4)
        return FrameResult(detected.frame, faces, scores.labels, stages, latency_s, dropped, effort, found)

    def _describe(self, sighting: Sighting, raw: NDArray[np.float32] | None) -> TrackedFace:
        estimate = self._smoother.estimate(sighting.id)
        return TrackedFace(
            id=sighting.id,
            box_xyxy=sighting.box_xyxy,
            state=sighting.state,
            raw=raw,
            probs=estimate.probs,
            label=estimate.label,
            confidence=estimate.confidence,
            quality=estimate.quality,
            first_seen_s=sighting.first_seen_s,
            last_seen_s=sighting.last_seen_s,
            reason=estimate.reason,
            profile=self._applied.name(sighting.id),
        )


def profile_of(config: ReadingConfig, classifier: Classifier) -> Profile | None:
    """The profile that the config names, if any.

    Raises:
        ConfigError: it is missing, damaged, or made with another network.
    """
    if config.profile is None:
        return None
    return profiles.load_for(config.profile, classifier.name, classifier.weights_sha256, classifier.spec.labels)


def open_pipeline(config: ReadingConfig, classifier: Classifier, source: SourceInfo) -> Pipeline:
    """The pipeline for a source: faces are tracked in videos and cameras, and detected in each image.

    Raises:
        ModelError: this OpenCV has no cascades.
        ConfigError: the profile is missing, damaged, or made with another network.
    """
    profile = profile_of(config, classifier)
    finder: Finder
    if source.temporal:
        finder = TrackingFinder(Scanner(config.min_face, live=source.live), Follower())
    else:
        finder = PerImageFinder(HaarDetector(config.min_face))
    return Pipeline(finder, classifier, config, temporal=source.temporal, profile=profile)
