"""Which commit this is: for checkpoints, weights and results."""

import subprocess
from pathlib import Path

UNKNOWN = "unknown"


def current_commit() -> str:
    """The commit of the checkout, with `+` where it has changes; `unknown` outside of one."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return done.stdout.strip()
