"""Which pictures a run saw: path, hash, label, person, sequence and split of each."""

import re

NAME = "manifest.csv"

_CKPLUS = re.compile(r"(?P<subject>S\d{3})_(?P<sequence>\d{3})_\d{8}")


def subject_of(name: str) -> str:
    """The person in a CK+ picture: S005 of S005_001_00000011.png; empty where the name does not tell."""
    found = _CKPLUS.search(name)
    return found["subject"] if found else ""


def sequence_of(name: str) -> str:
    """The sequence of a CK+ picture: S005_001 of S005_001_00000011.png; empty where the name does not tell."""
    found = _CKPLUS.search(name)
    return f"{found['subject']}_{found['sequence']}" if found else ""
