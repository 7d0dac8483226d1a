"""A stimulus program on the lab's network: `python -m tests.lsl_outlet NAME [FORMAT]` sends markers that it reads from stdin.

A line is AGE and VALUE: the sample is stamped AGE seconds ago. For each, the stamp is printed; first of all, a line when the
stream is there, and a second one when somebody listens.
"""

import sys

import pylsl

LIMIT_S = 30
FORMATS = {"string": pylsl.cf_string, "int32": pylsl.cf_int32, "float32": pylsl.cf_float32}


def main(name: str, kind: str = "string") -> None:
    """Sends until stdin ends."""
    info = pylsl.StreamInfo(name, "Markers", 1, pylsl.IRREGULAR_RATE, FORMATS[kind], f"{name}-stimulus-pc")
    outlet = pylsl.StreamOutlet(info)
    print("ready", flush=True)
    assert outlet.wait_for_consumers(LIMIT_S)
    print("heard", flush=True)
    for line in sys.stdin:
        age, _, value = line.rstrip("\n").partition(" ")
        stamp = pylsl.local_clock() - float(age)
        outlet.push_sample([value if kind == "string" else int(value)], stamp)
        print(stamp, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
