"""Another program on the lab's network: `python -m tests.lsl_inlet NAME COUNT` prints a stream, a JSON line per sample.

The first line describes the stream, and is printed when the inlet is ready.
"""

import json
import sys

import pylsl

LIMIT_S = 30


def main(name: str, count: int) -> None:
    """Prints the stream, and so many samples with their stamps and when they came, both on LSL's clock."""
    found = pylsl.resolve_byprop("name", name, timeout=LIMIT_S)
    inlet = pylsl.StreamInlet(found[0])
    info = inlet.info(timeout=LIMIT_S)
    labels, channel = [], info.desc().child("channels").child("channel")
    while not channel.empty():
        labels.append(channel.child_value("label"))
        channel = channel.next_sibling("channel")
    inlet.open_stream(timeout=LIMIT_S)
    correction = inlet.time_correction(timeout=LIMIT_S)
    about = {"type": info.type(), "rate": info.nominal_srate(), "channels": info.channel_count(), "labels": labels}
    print(json.dumps(about | {"correction": correction}), flush=True)
    for _ in range(count):
        sample, stamp = inlet.pull_sample(timeout=LIMIT_S)
        print(json.dumps({"sample": sample, "stamp": stamp, "at": pylsl.local_clock()}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
