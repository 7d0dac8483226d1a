"""Network streams and videos on the web, through FFmpeg."""

import av

from realtime.datatypes import Frame, SourceInfo
from realtime.errors import SourceLostError, SourceOpenError
from realtime.sources.base import Notify, unheard
from realtime.sources.decoder import Decoder, reason
from realtime.sources.handle import Handle, within

OPTIONS = {
    "rtsp_transport": "tcp",  # over UDP, RTSP loses packets on any busy network, and every loss smears the picture
    "analyzeduration": "1000000",  # microseconds; the default of 5 s delays the first picture of a slow camera
}
"""FFmpeg's. Not `nobuffer`: it throws away what was read to learn the format, the first 3 s of a video on the web, and
saves a live stream nothing, since the newest frame wins anyway."""

CHECK_ADDRESS = "check the address and the network"


class Stream:
    """A camera on the network (live: whatever is not taken in time is the caller's to drop) or a video on the web.

    An address with a known duration is a file: every frame, with media time, until its end.

    Args:
        url: http(s), rtsp(s), rtmp(s) or udp.
        timeout_s: limit for opening and for every read, seconds.
        notify: hears about damage in a file.

    Raises:
        SourceOpenError: it refuses, does not answer in time, or is no video.
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0, notify: Notify = unheard) -> None:
        self._name = spoken(url)
        self._index = 0
        # FFmpeg's own limit does not reach into name resolution, ours does
        try:
            self._decoder = within(timeout_s, lambda: _open(url, self._name, timeout_s, notify), Decoder.close)
        except TimeoutError as error:
            raise SourceOpenError(f"{self._name} does not answer within {timeout_s:g} s; {CHECK_ADDRESS}") from error
        self._handle = Handle(self._decoder.close)
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
        """The next frame, waiting at most the limit for its data; None at the end of a file and after `close`.

        Raises:
            SourceLostError: nothing came in time, the server ended a live stream, or a file breaks off.
        """
        with self._handle.use() as usable:
            if not usable:
                return None
            decoded = self._decoder.read()
        if decoded is None:
            if self.info.live:
                raise SourceLostError(f"{self._name} ended the stream")
            return None
        media_time = None if self.info.live else decoded.media_time
        frame = Frame(decoded.image, self._index, decoded.arrived_at, media_time, self._name)
        self._index += 1
        return frame

    def close(self) -> None:
        """Ends the connection, when a read that waits is over at the latest."""
        self._handle.close()


def spoken(url: str) -> str:
    """The address as it may be shown: without password, and without a query, which often holds another one."""
    scheme, _, rest = url.partition("://")
    rest = rest.split("?")[0].split("#")[0]
    authority, slash, path = rest.partition("/")
    login, at, host = authority.rpartition("@")
    if not at and "@" in path and ":" in authority and not authority.rpartition(":")[2].isdecimal():
        # a password with a slash in it: where it ends is anybody's guess
        return f"{scheme}://{authority.partition(':')[0]}@..."
    return f"{scheme}://{login.partition(':')[0]}{at}{host}{slash}{path}"


def _open(url: str, name: str, timeout_s: float, notify: Notify) -> Decoder:
    try:
        return Decoder(url, name=name, notify=notify, timeout_s=timeout_s, options=dict(OPTIONS))
    except av.error.ExitError as error:  # FFmpeg's own limit, a moment before ours
        raise TimeoutError from error
    except av.error.HTTPUnauthorizedError as error:
        raise SourceOpenError(f"{name} wants a login; give it as http://user:password@host/...") from error
    except av.error.InvalidDataError as error:
        raise SourceOpenError(f"{name} answers, but not with a video; give the address of the stream itself") from error
    except av.FFmpegError as error:
        raise SourceOpenError(f"{name} cannot be opened: {reason(error)}; {CHECK_ADDRESS}") from error
