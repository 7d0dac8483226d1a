"""One frame in, everything known about it out. Synchronous: no thread, no window; time is handed in with the frame.

    detector -> tracker -> preprocess -> classifier -> smoother

The tracker stands before the network, so that the network sees the steady box and not Haar's jumping one.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess, quality
from realtime.classifier import Classifier
from realtime.config import Config
from realtime.datatypes import Faces, Frame, FrameResult, Scores, StageSeconds, State, TrackedFace
from realtime.detector import Detector
from realtime.smoother import Smoother
from realtime.tracker import REMEMBER_S, Sighting, Tracker


class Pipeline:
    """Finds, follows and reads the faces of consecutive frames.

    Args:
        detector: finds faces.
        classifier: reads them.
        config: threshold and smoothing.
        temporal: False for pictures that have nothing to do with one another: every face found is then reported at once,
            unsmoothed, under an id of its own.
        clock: seconds, for the times of the stages.
    """

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        config: Config,
        *,
        temporal: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._clock = clock
        self._temporal = temporal
        self._tracker = Tracker()
        self._smoother = Smoother(classifier.spec.labels, config.threshold, config.smoothing_s if temporal else 0.0)
        self._strangers = 0

    def process(self, frame: Frame, dropped: int = 0) -> FrameResult:
        """Everything known about one frame; `dropped` is passed on into the result."""
        spec, clock = self._classifier.spec, self._clock
        started = clock()
        gray = preprocess.to_gray(frame.image)
        faces = self._detector.detect(gray)
        detected = clock()
        sightings = self._follow(faces, frame.time_s)
        seen = [sighting for sighting in sightings if sighting.state is State.SEEN]
        followed = clock()
        smalls = [preprocess.shrink(preprocess.crop(gray, sighting.box_xyxy), spec.input_size) for sighting in seen]
        prepared = [preprocess.equalize(small) if spec.equalize else small for small in smalls]
        prepared_at = clock()
        scores = self._classifier.classify(prepared)
        classified = clock()
        self._listen(seen, smalls, scores, frame.time_s)
        raws = {sighting.id: raw for sighting, raw in zip(seen, scores.probs, strict=True)}
        tracked = tuple(self._describe(sighting, raws.get(sighting.id)) for sighting in sightings)
        finished = clock()
        stages = StageSeconds(
            detect=detected - started,
            preprocess=prepared_at - followed,
            classify=classified - prepared_at,
            track=followed - detected + finished - classified,
        )
        return FrameResult(frame, tracked, spec.labels, stages, finished - frame.captured_at, dropped)

    def _follow(self, faces: Faces, now: float) -> tuple[Sighting, ...]:
        if self._temporal:
            return self._tracker.update(faces, now)
        first = self._strangers + 1
        self._strangers += len(faces)
        return tuple(Sighting(first + i, box, State.SEEN, now, now) for i, box in enumerate(faces.boxes_xyxy))

    def _listen(self, seen: Sequence[Sighting], smalls: Sequence[NDArray[np.uint8]], scores: Scores, now: float) -> None:
        self._smoother.forget_before(now - REMEMBER_S)
        for sighting, small, raw in zip(seen, smalls, scores.probs, strict=True):
            side = float(sighting.box_xyxy[2] - sighting.box_xyxy[0])
            self._smoother.update(sighting.id, raw, quality.measure(small, side), now)

    def _describe(self, sighting: Sighting, raw: NDArray[np.float32] | None) -> TrackedFace:
        opinion = self._smoother.opinion(sighting.id)
        return TrackedFace(
            id=sighting.id,
            box_xyxy=sighting.box_xyxy,
            state=sighting.state,
            raw=raw,
            probs=opinion.probs,
            label=opinion.label,
            confidence=opinion.confidence,
            quality=opinion.quality,
            first_seen_s=sighting.first_seen_s,
            last_seen_s=sighting.last_seen_s,
        )
