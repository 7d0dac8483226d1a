"""The rules of BIDS for datasets of sessions, in our own words."""

import gzip
import json
import re
from pathlib import Path


def check_rules(dataset: Path) -> None:
    """What BIDS asks of these files."""
    about = json.loads((dataset / "dataset_description.json").read_text())
    assert isinstance(about["Name"], str)
    assert re.fullmatch(r"1\.\d+\.\d+", about["BIDSVersion"])
    assert about["DatasetType"] == "derivative"
    assert about["GeneratedBy"][0]["Name"] == "fer-cam"
    assert (dataset / "README").read_text().strip()
    participants = [row.split("\t") for row in (dataset / "participants.tsv").read_text().splitlines()]
    assert participants[0][0] == "participant_id"
    listed = [row[0] for row in participants[1:]]
    assert len(set(listed)) == len(listed)
    assert set(listed) == {folder.name for folder in dataset.glob("sub-*")}
    for path in dataset.glob("sub-*/**/*.*"):
        subject, datatype = path.relative_to(dataset).parts[:2]
        assert datatype == "beh"
        name = re.fullmatch(r"(sub-[0-9A-Za-z]+)_task-[0-9A-Za-z]+(_run-\d+)?_(physio|events)\.(tsv|tsv\.gz|json)", path.name)
        assert name, path
        assert name[1] == subject
        assert (name[3], name[4]) in (("physio", "tsv.gz"), ("physio", "json"), ("events", "tsv"), ("events", "json"))
    for path in dataset.glob("sub-*/beh/*_physio.tsv.gz"):
        check_recording(path)
    for path in dataset.glob("sub-*/beh/*_events.tsv"):
        check_events(path)


def check_recording(path: Path) -> None:
    sidecar = json.loads(path.with_name(path.name.replace(".tsv.gz", ".json")).read_text())
    assert sidecar["SamplingFrequency"] > 0
    assert isinstance(sidecar["StartTime"], int | float)
    names = sidecar["Columns"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)
    assert all(sidecar[name]["Description"] for name in names)
    rows = [row.split("\t") for row in gzip.decompress(path.read_bytes()).decode().splitlines()]
    for row in rows:
        assert len(row) == len(names)
        for cell in row:  # the first line as well: there is no header
            assert cell == "n/a" or re.fullmatch(r"-?\d+(\.\d+)?(e-\d+)?", cell), cell


def check_events(path: Path) -> None:
    sidecar = json.loads(path.with_suffix(".json").read_text())
    header, *rows = [row.split("\t") for row in path.read_text().splitlines()]
    assert header[:2] == ["onset", "duration"]
    assert all(sidecar[name]["Description"] for name in header)
    for row in rows:
        assert len(row) == len(header)
        assert all(row), "an empty cell is written as n/a"
        assert float(row[0]) == float(row[0])
        assert float(row[1]) >= 0
        assert row[2] in sidecar["trial_type"]["Levels"]
