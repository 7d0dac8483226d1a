"""A fake network camera: RTSP on loopback, with H.264 over TCP, UDP or neither."""

import base64
import re
import socket
import struct
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Self

import av

from tests.fakes import make_image

FPS = 30
TICKS = 90_000
TYPE = 96
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nc=IN IP4 0.0.0.0\r\na=range:npt=0-\r\n"
    f"m=video 0 RTP/AVP {TYPE}\r\na=rtpmap:{TYPE} H264/{TICKS}\r\na=fmtp:{TYPE} packetization-mode=1\r\na=control:track1\r\n"
)


def encode(levels: Sequence[int]) -> list[list[bytes]]:
    """Uniform frames as H.264, each a list of packet-sized units and decodable alone."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = 64, 48, "yuv420p"
    codec.time_base, codec.gop_size = Fraction(1, FPS), 1
    codec.options = {"tune": "zerolatency", "preset": "ultrafast", "x264-params": "sliced-threads=0:slices=1"}
    codec.open()
    frames = [av.VideoFrame.from_ndarray(make_image(value, 48, 64), format="bgr24") for value in levels]
    for n, frame in enumerate(frames):
        frame.pts, frame.time_base = n, Fraction(1, FPS)
    packets = [bytes(packet) for frame in [*frames, None] for packet in codec.encode(frame)]
    return [[unit for unit in re.split(b"\0\0\0\1|\0\0\1", packet) if unit] for packet in packets]


class RtspServer:
    """Sends the frames in a loop to every client.

    Args:
        levels: gray levels of the frames.
        transports: of "tcp" and "udp", those it has.
        refusal: its answer to the others.
        login: user and password that it wants, with a colon between; empty for none.
    """

    def __init__(
        self,
        levels: Sequence[int],
        *,
        transports: Sequence[str] = ("tcp", "udp"),
        refusal: str = "461 Unsupported Transport",
        login: str = "",
    ) -> None:
        self.used: list[str] = []
        """Transports of the clients so far."""
        self._frames = encode(levels)
        self._transports = tuple(transports)
        self._refusal = refusal
        self._login = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://127.0.0.1:{self._socket.getsockname()[1]}/live"
        """The URL of the stream."""
        self._threads = [threading.Thread(target=self._accept, name="rtsp server")]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=_Client(self, client).serve, name="rtsp client"))
            self._threads[-1].start()

    def serve(self, client: "_Client") -> None:
        """Answers one client until it disconnects or the server ends."""
        while not self._ended.is_set() and (request := client.request(self._ended)) is not None:
            method, head = request
            if self._login is not None and method != "OPTIONS" and head.get("authorization") != self._login:
                client.reply(head, "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')
            elif method == "DESCRIBE":
                client.reply(head, "200 OK", "Content-Type: application/sdp", body=SDP)
            elif method == "SETUP":
                transport = "tcp" if "TCP" in head["transport"] else "udp"
                if transport not in self._transports:
                    client.reply(head, self._refusal)
                    continue
                self.used.append(transport)
                client.reply(head, "200 OK", f"Transport: {client.choose(head['transport'])}", "Session: 1;timeout=60")
            elif method == "PLAY":
                client.reply(head, "200 OK", "Session: 1", "Range: npt=0-")
                client.play(self._frames, self._ended)
            else:
                client.reply(head, "200 OK", "Session: 1")


class _Client:
    def __init__(self, server: RtspServer, connection: socket.socket) -> None:
        self._server = server
        self._connection = connection
        self._connection.settimeout(0.1)
        self._received = b""
        self._datagrams: socket.socket | None = None
        self._to = ("127.0.0.1", 0)
        self._sending = threading.Lock()
        self._gone = threading.Event()
        self._thread: threading.Thread | None = None

    def serve(self) -> None:
        try:
            self._server.serve(self)
        except OSError:  # the client disconnected
            pass
        finally:
            self._gone.set()
            if self._thread is not None:
                self._thread.join()
            self._connection.close()
            if self._datagrams is not None:
                self._datagrams.close()

    def request(self, ended: threading.Event) -> tuple[str, dict[str, str]] | None:
        """Method and headers of the next request; None at the end."""
        while not ended.is_set():
            while self._received[:1] == b"$" and len(self._received) >= 4:  # RTCP reports of a stream over TCP
                size = 4 + int.from_bytes(self._received[2:4], "big")
                if len(self._received) < size:
                    break
                self._received = self._received[size:]
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if end and head[:1] != b"$":
                self._received = rest
                first, *lines = head.decode().split("\r\n")
                fields = (line.partition(":") for line in lines)
                return first.split()[0], {name.lower(): value.strip() for name, _, value in fields}
            try:
                if not (data := self._connection.recv(65536)):
                    return None
            except TimeoutError:
                continue
            self._received += data
        return None

    def reply(self, head: dict[str, str], status: str, *fields: str, body: str = "") -> None:
        lines = [
            f"RTSP/1.0 {status}",
            f"CSeq: {head.get('cseq', '0')}",
            *fields,
            *([f"Content-Length: {len(body)}"] if body else []),
        ]
        with self._sending:
            self._connection.sendall("\r\n".join([*lines, "", body]).encode())

    def choose(self, wanted: str) -> str:
        """The requested transport, for the reply."""
        if "TCP" in wanted:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        port = int(re.findall(r"client_port=(\d+)", wanted)[0])
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 0))
        self._to = ("127.0.0.1", port)
        own = self._datagrams.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={own}-{own + 1}"

    def play(self, frames: list[list[bytes]], ended: threading.Event) -> None:
        self._thread = threading.Thread(target=self._send, args=(frames, ended), name="rtsp frames")
        self._thread.start()

    def _send(self, frames: list[list[bytes]], ended: threading.Event) -> None:
        number, due = 0, time.monotonic()
        packets = 0
        try:
            while not ended.is_set() and not self._gone.wait(max(0.0, due - time.monotonic())):
                units = frames[number % len(frames)]
                for unit in units:
                    marker = 0x80 if unit is units[-1] else 0
                    stamp = number * TICKS // FPS
                    head = struct.pack(">BBHII", 0x80, TYPE | marker, packets & 0xFFFF, stamp & 0xFFFFFFFF, 1)
                    self._send_packet(head + unit)
                    packets += 1
                number += 1
                due += 1 / FPS
        except OSError:
            pass

    def _send_packet(self, packet: bytes) -> None:
        if self._datagrams is not None:
            self._datagrams.sendto(packet, self._to)
            return
        with self._sending:
            self._connection.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
