"""Network streams and videos on the web, through FFmpeg."""

import errno
from collections.abc import Callable

import av

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceError, SourceLostError, SourceOpenError
from realtime.sources.address import HIDDEN, redact_url, repair_url
from realtime.sources.base import Notify, discard_notice
from realtime.sources.decoder import Decoder, reason
from realtime.sources.handle import Handle, within

OPTIONS = {
    "rtsp_transport": "tcp",  # RTSP over UDP loses packets on a busy network, and every loss corrupts the image
    "analyzeduration": "1000000",  # microseconds; the default of 5 s delays the first image of a slow camera
}
"""Options of FFmpeg. Not `nobuffer`: it discards the data read to detect the format, the first 3 s of a web video, and does
not help live streams, of which only the newest frame is used anyway."""

NOT_READ = (av.error.InvalidDataError, SourceLostError)

TRANSPORT_REFUSED = (
    *NOT_READ,
    av.error.HTTPBadRequestError,
    av.error.HTTPOtherClientError,
    av.error.HTTPServerError,
)
"""Errors from cameras without the requested transport: 400, 406, 500, 501; most send 461, FFmpeg's EPROTONOSUPPORT."""

JPEG_START = b"\xff\xd8\xff"
LONGEST_HEAD = 65_536
"""Bytes within which the first image must begin; some cameras send an empty line or a comment before it."""

CHECK_ADDRESS = "check the address and the network"
ESCAPES = "with / ? # @ in a password written as %2F %3F %23 %40"


def connect(url: str, name: str, timeout_s: float, notify: Notify) -> Decoder:
    """The decoder of an address.

    Args:
        url: what the user gave.
        name: what to call it.
        timeout_s: FFmpeg's limit, seconds.
        notify: called when data are damaged.

    Raises:
        TimeoutError: it does not answer in time.
        SourceOpenError: it refuses, or is no video.
    """
    connection = _Connection(repair_url(url), name, timeout_s, notify)
    try:
        return connection.open()
    except av.error.ExitError as error:  # FFmpeg's own limit, a moment before ours
        raise TimeoutError from error
    except av.error.HTTPUnauthorizedError as error:
        raise SourceOpenError(
            f"{name} needs a login; give it as {url.partition(':')[0].lower()}://USER:PASSWORD@..., {ESCAPES}"
        ) from error
    except av.error.InvalidDataError as error:
        raise SourceOpenError(f"{name} did not send a video; give the address of the stream itself") from error
    except av.FFmpegError as error:
        advice = ESCAPES if name.endswith(f"@{HIDDEN}") else CHECK_ADDRESS
        raise SourceOpenError(f"{name} cannot be opened: {reason(error)}; {advice}") from error


Connect = Callable[[str, str, float, Notify], Decoder]


class Stream:
    """A network camera (live: the caller drops the frames it cannot take in time) or a web video.

    An address with a known duration is a file: every frame, with media time, until its end. Live frames have media time if
    they may arrive in bursts, so that the caller can spread them: HLS sends segments of several seconds, WebM clusters.

    Args:
        url: http(s), rtsp(s), rtmp(s) or udp.
        timeout_s: limit for opening and for every read, seconds.
        notify: called when the data of a file are damaged.
        connect: gets the decoder; may hang.

    Raises:
        SourceOpenError: the server refuses or does not answer in time, or sends no video.
    """

    def __init__(
        self, url: str, *, timeout_s: float = 10.0, notify: Notify = discard_notice, connect: Connect = connect
    ) -> None:
        self._name = redact_url(url)
        self._index = 0
        # FFmpeg's own limit does not cover name resolution, ours does
        try:
            self._decoder = within(timeout_s, lambda: connect(url, self._name, timeout_s, notify), Decoder.close)
        except TimeoutError as error:
            raise SourceOpenError(f"{self._name} did not answer within {timeout_s:g} s; {CHECK_ADDRESS}") from error
        self._handle = Handle(self._decoder.close)
        # web servers may send frames in bursts; RTSP, RTMP and UDP send each frame when it is due
        self._timed = self._decoder.finite or (self._decoder.timed and url.lower().startswith("http"))
        height, width = self._decoder.size_hw
        self.info = SourceInfo(
            name=self._name,
            live=not self._decoder.finite,
            temporal=True,
            width=width,
            height=height,
            fps=self._decoder.fps,
            frames=self._decoder.frames,
        )

    def read(self) -> Frame | None:
        """The next frame; waits for its data at most the limit. None at the end of a file and after `close`.

        Raises:
            SourceLostError: no data came in time, the server ended a live stream, or a file ends early.
        """
        with self._handle.use() as usable:
            if not usable:
                return None
            decoded = self._decoder.read()
        if decoded is None:
            if self.info.live:
                raise SourceLostError(f"{self._name} ended the stream")
            return None
        media_time = decoded.media_time if self._timed else None
        frame = Frame(decoded.image, self._index, decoded.arrived_at, media_time, self._name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Ends the connection, at the latest when a waiting read ends."""
        self._handle.close()


class _Connection:
    """Tries the ways to open one address. FFmpeg's errors are raised without the address, which they often quote."""

    def __init__(self, url: str, name: str, timeout_s: float, notify: Notify) -> None:
        self._url = url
        self._name = name
        self._timeout_s = timeout_s
        self._notify = notify

    def open(self) -> Decoder:
        """Opens the decoder.

        Raises:
            av.FFmpegError: it cannot be reached.
            SourceOpenError, SourceLostError: it can be reached but sends no video.
        """
        scheme = self._url.partition(":")[0]
        try:
            return self._try()
        except (av.FFmpegError, SourceLostError) as error:
            refused = isinstance(error, TRANSPORT_REFUSED) or getattr(error, "errno", None) == errno.EPROTONOSUPPORT
            if scheme == "rtsp" and refused and (decoder := self._otherwise(transport="udp")) is not None:
                self._notify(f"{self._name} sends over UDP only; lost packets will corrupt some frames")
                return decoder
            if scheme in ("http", "https") and isinstance(error, NOT_READ) and self._sends_jpegs():
                decoder = self._otherwise(container_format="mjpeg")
                if decoder is not None:
                    return decoder
            if isinstance(error, av.FFmpegError):
                raise type(error)(error.errno or 0, error.strerror or reason(error)) from None
            raise

    def _try(self, transport: str = "tcp", container_format: str | None = None) -> Decoder:
        return Decoder(
            self._url,
            name=self._name,
            notify=self._notify,
            timeout_s=self._timeout_s,
            options={**OPTIONS, "rtsp_transport": transport},
            container_format=container_format,
        )

    def _otherwise(self, transport: str = "tcp", container_format: str | None = None) -> Decoder | None:
        """Tries another way; None if it fails too, since the first failure is the one to report."""
        try:
            return self._try(transport, container_format)
        except (av.FFmpegError, SourceError):
            return None

    def _sends_jpegs(self) -> bool:
        """Whether it sends JPEG images between lines of text: a multipart stream that FFmpeg's own reader rejects."""
        head = b""
        try:
            with av.open(self._url, format="data", timeout=self._timeout_s, options=dict(OPTIONS)) as container:
                for packet in container.demux():
                    head += bytes(packet)
                    text, start, _ = head.partition(JPEG_START)
                    if start or len(head) > LONGEST_HEAD:
                        return bool(start) and text.isascii()
        except av.FFmpegError:
            pass
        return False
