"""Cut recordings: a long clip, its parts beside the whole, and tasks for Dask. Needs the extra `bulk`."""

import os
import time
from pathlib import Path
from typing import Any

import av
import pyarrow.parquet as pq

from benchmarks.payloads_programs import Cutting
from realtime.bulk.cluster import tasks
from realtime.bulk.joining import Written, join
from realtime.bulk.parts import WARM_UP_S, survey
from realtime.bulk.reading import Job, read
from realtime.bulk.recordings import Recording
from realtime.config import Config
from realtime.errors import ConfigError


def looped(clip: Path, path: Path, loops: int) -> Path:
    """A video that repeats a clip, without encoding it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out, av.open(str(clip)) as first:
        stream = out.add_stream_from_template(first.streams.video[0])
        shift = 0
        for _ in range(loops):
            with av.open(str(clip)) as container:
                length = 0
                for packet in container.demux(container.streams.video[0]):
                    if packet.pts is None or packet.dts is None:
                        continue
                    length = max(length, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    out.mux(packet)
                shift += length
    return path


def cut(path: Path, config: Config, folder: Path, part_s: float) -> Cutting:
    """Reads a video whole and in parts, and compares the labels and ids of every frame."""
    recording = Recording(path.name, str(path), True)
    whole = Written(folder / "whole-frames.parquet", folder / "whole-faces.parquet")
    read(Job(recording, config, whole.frames, whole.faces))
    found = survey(path, part_s)
    parts = [Written(folder / f"{part.number}-frames.parquet", folder / f"{part.number}-faces.parquet") for part in found.parts]
    if not parts:
        raise ConfigError(f"--part {part_s:g}: the video is too short to be cut; give less, or more --loops")
    for part, written in zip(found.parts, parts, strict=True):
        read(Job(recording, config, written.frames, written.faces, part))
    joined = Written(folder / "joined-frames.parquet", folder / "joined-faces.parquet")
    join(parts, joined.frames, joined.faces, found.seconds)
    frames = len(pq.read_table(whole.frames))
    return Cutting(
        seconds=round(found.seconds or 0.0, 3),
        parts=len(parts),
        part_s=part_s,
        warm_up_s=WARM_UP_S,
        frames=frames,
        frames_read=sum(len(pq.read_table(written.frames)) for written in parts),
        labels_equal=round(equal(whole, joined, "label", frames), 5),
        ids_equal=round(equal(whole, joined, "id", frames), 5),
    )


def equal(one: Written, other: Written, column: str, frames: int) -> float:
    """Share of frames in which all faces, from left to right, have equal values."""
    first, second = (_by_frame(written, column) for written in (one, other))
    return sum(first.get(frame) == second.get(frame) for frame in range(frames)) / frames


def _by_frame(written: Written, column: str) -> dict[int, list[Any]]:
    rows = pq.read_table(written.faces, columns=["frame", "x", column]).sort_by([("frame", "ascending"), ("x", "ascending")])
    found: dict[int, list[Any]] = {}
    for row in rows.to_pylist():
        found.setdefault(row["frame"], []).append(row[column])
    return found


def empty_tasks(count: int, workers: int) -> float:
    """Seconds that client and scheduler need for a task, from tasks that do nothing."""
    done: list[None] = []
    with tasks(None, workers) as pool:
        for _ in range(workers):
            pool.submit(lambda *_: None, os.getpid)
        pool.run()
        began = time.perf_counter()
        for _ in range(count):
            pool.submit(lambda *_: done.append(None), os.getpid)
        pool.run()
        return (time.perf_counter() - began) / len(done)
