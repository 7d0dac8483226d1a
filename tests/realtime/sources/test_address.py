"""Addresses: no secret is ever shown, whatever it looks like and wherever it stands; odd logins reach FFmpeg escaped."""

import pytest

from realtime.sources.address import redact_url, repair_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://cam", "http://cam"),
        ("http://cam/video", "http://cam/video"),
        ("RTSP://cam/video", "RTSP://cam/video"),
        ("rtsp://anna:sesame@cam:554/1", "rtsp://anna@cam:554/1"),
        ("rtsp://anna:ses@me@cam/1", "rtsp://anna@cam/1"),
        ("rtsp://anna:a:b@[fe80::1]:554/1", "rtsp://anna@[fe80::1]:554/1"),
        ("rtsp://sesame@cam/1", "rtsp://...@cam/1"),
        ("https://tube/@anna/live", "https://tube/..."),
        ("udp://@:1234", "udp://:1234"),
        ("rtsp://cam/Streaming/Channels/101", "rtsp://cam/Streaming/Channels/101"),
        ("rtsp://cam/h264Preview_01_main", "rtsp://cam/h264Preview_01_main"),
        ("http://cam/axis-cgi/mjpg/video.cgi?camera=1", "http://cam/axis-cgi/mjpg/video.cgi"),
        ("rtsp://nvr:8554/kitchen", "rtsp://nvr:8554/kitchen"),
        ("http://web/films/clip.mp4", "http://web/films/clip.mp4"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_an_address_is_redacted(url: str, shown: str) -> None:
    assert redact_url(url) == shown


SECRET = ("sesame", "ses", "ame")


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://anna:sesame#1@cam:554/1",
        "rtsp://anna:sesame?1@cam:554/1",
        "rtsp://anna:#sesame@cam:554/1",
        "rtsp://anna:x@ses/ame@cam:554/1",
        "rtsp://anna:x@sesame@cam/@me",
        "rtsp://anna:12/sesame@cam/1",
        "rtsp://anna:12?sesame@cam/1",
        "rtsp://anna:12#sesame@cam/1",
        "rtsp://anna:ses/ame@cam/1",
        "rtsp://anna:ses%2Fame@cam/1",
        "rtsp://anna:sesame#1",
        "http://sesame@cam/1",
        "http://sesame:@cam/1",
        "http://cam/video?user=anna&pwd=sesame#sesame",
        "http://cam?sesame",
        "http://cam#sesame",
        "rtsp://cam/user=anna&password=sesame&channel=1&stream=0.sdp",
        "rtsp://cam/user=anna_password=sesame_channel=1",
        "rtsp://cam/user=anna&password=x/sesame",
        "rtsp://cam/live;token=sesame",
        "rtsp://cam/anna:sesame/1",
        "rtsp://cam/login/anna/sesame",
        "http://cam/live/anna/sesame/12.ts",
        "http://cam/anna/sesame/12",
        "http://cam/anna/sesame",
        "http://cam/token/sesame",
        "http://cam/live/sesame%20",
        "http://cam/sesame12345678901234567890",
        "rtmp://live/app/sesame",
        "rtmp://cam/bcs/channel0_main.bcs?user=anna&password=sesame",
    ],
)
def test_no_secret_is_shown(url: str) -> None:
    shown = redact_url(url)
    assert shown.startswith(url.partition("://")[0] + "://")
    assert not any(part in shown for part in SECRET), shown


def test_a_numeric_password_in_a_path_is_not_taken_for_a_channel() -> None:
    assert redact_url("http://cam/live/anna/1234/1.ts") == "http://cam/live/..."
    assert redact_url("http://cam/anna/1234") == "http://cam/..."


@pytest.mark.parametrize("url", ["rtsp://cam/\x1b]0;x\x07", "rtsp://ca\x1bm/1", "rtsp://a\nb:c@cam/1"])
def test_no_control_character_is_shown(url: str) -> None:
    assert redact_url(url).isprintable()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("RTSP://cam/A", "rtsp://cam/A"),
        ("HTTP://Anna:Sesame@Cam/A?B=C", "http://Anna:Sesame@Cam/A?B=C"),
        ("rtsp://anna:p#s@cam/1", "rtsp://anna:p%23s@cam/1"),
        ("rtsp://anna:p?s@cam:554/1?a=b", "rtsp://anna:p%3Fs@cam:554/1?a=b"),
        ("rtsp://anna:p@s@cam/1", "rtsp://anna:p%40s@cam/1"),
        ("rtsp://anna:p#s@1@cam/1", "rtsp://anna:p%23s%401@cam/1"),
        ("rtsp://anna:p/s#@cam/1", "rtsp://anna:p%2Fs%23@cam/1"),
        ("rtsp://anna:a:b@cam/1", "rtsp://anna:a%3Ab@cam/1"),
        ("rtsp://anna:a%40b@cam/1", "rtsp://anna:a%40b@cam/1"),
        ("http://cam:80/@anna", "http://cam:80/@anna"),
        ("rtsp://anna:12/x@cam/1", "rtsp://anna:12/x@cam/1"),
        ("udp://@:1234", "udp://@:1234"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_an_unambiguous_login_is_escaped_for_ffmpeg(url: str, sent: str) -> None:
    assert repair_url(url) == sent
