"""The other end of fer-cam's live data, a program for each: `python -m benchmarks.receivers osc|mqtt|lsl WHERE LOG`.

Prints "ready" and then writes into the log, for every frame that arrives, its index and perf_counter, until it is ended.
"""

import json
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

ENTRY = struct.Struct("<dd")
"""Of the log: the frame's index, and when it arrived."""

MOST_S = 60.0

Heard = Callable[[int, float], None]


def osc(where: str, heard: Heard) -> None:
    """Listens on a UDP port of loopback."""
    from pythonosc.osc_packet import OscPacket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", int(where)))
        print("ready", flush=True)
        while True:
            data = listener.recv(65_536)
            at = time.perf_counter()
            for timed in OscPacket(data).messages:
                if timed.message.address == "/fer/frame":
                    heard(timed.message.params[0], at)


def mqtt(where: str, heard: Heard) -> None:
    """Subscribes at a port of loopback."""
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import CallbackAPIVersion

    def message(client: Client, data: object, message: MQTTMessage) -> None:
        at = time.perf_counter()
        heard(json.loads(message.payload)["frame"], at)

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_message = message
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", int(where))
    client.subscribe("+/frame")
    client.loop_forever()


def lsl(where: str, heard: Heard) -> None:
    """Reads the stream of that name."""
    import pylsl

    pylsl.set_config_content("[log]\nlevel = -3\n")  # the stream's end is no error here
    print("ready", flush=True)  # to look for the stream
    inlet: Any = pylsl.StreamInlet(pylsl.resolve_byprop("name", where, timeout=MOST_S)[0])
    while True:
        sample, _ = inlet.pull_sample()
        heard(int(sample[-1]), time.perf_counter())


RECEIVERS = {"osc": osc, "mqtt": mqtt, "lsl": lsl}


def main(how: str, where: str, log: str) -> None:
    """Listens and writes."""
    with Path(log).open("wb") as file:
        RECEIVERS[how](where, _into(file))


def _into(file: BinaryIO) -> Heard:
    def heard(index: int, at: float) -> None:
        file.write(ENTRY.pack(index, at))
        file.flush()

    return heard


if __name__ == "__main__":
    main(*sys.argv[1:4])
