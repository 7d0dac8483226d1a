"""Native handles: opened in bounded time, never freed under a running read, freed exactly once."""

import threading

import pytest

from realtime.sources.handle import Handle, within

pytestmark = pytest.mark.timeout(20)


def nothing(_: object) -> None:
    raise AssertionError("nothing was to be discarded")


def test_within_gives_the_result() -> None:
    assert within(10, lambda: "camera", nothing) == "camera"


def test_within_passes_an_error_on_as_itself() -> None:
    error = ValueError("broken")

    def fail() -> str:
        raise error

    with pytest.raises(ValueError, match="broken") as caught:
        within(10, fail, nothing)
    assert caught.value is error


def test_within_gives_up_and_discards_a_late_result() -> None:
    release, discarded = threading.Event(), threading.Event()
    late: list[str] = []

    def slow() -> str:
        release.wait(10)
        return "late"

    def discard(result: str) -> None:
        late.append(result)
        discarded.set()

    with pytest.raises(TimeoutError):
        within(0.01, slow, discard)
    assert late == []
    release.set()
    assert discarded.wait(10)
    assert late == ["late"]


def test_an_error_that_comes_too_late_discards_nothing() -> None:
    release = threading.Event()

    def slow() -> str:
        release.wait(10)
        raise ValueError("too late")

    with pytest.raises(TimeoutError):
        within(0.01, slow, nothing)
    opener = next(thread for thread in threading.enumerate() if thread.name == "open source")
    release.set()
    opener.join(10)
    assert not opener.is_alive()


def test_closing_frees_once() -> None:
    freed: list[int] = []
    handle = Handle(lambda: freed.append(1))
    handle.close()
    handle.close()
    assert freed == [1]


def test_a_closed_handle_is_not_usable() -> None:
    handle = Handle(lambda: None)
    with handle.use() as usable:
        assert usable
    handle.close()
    with handle.use() as usable:
        assert not usable


def test_a_handle_in_use_is_freed_when_its_user_leaves() -> None:
    freed: list[int] = []
    handle = Handle(lambda: freed.append(1))
    with handle.use():
        handle.close()
        assert freed == []
    assert freed == [1]


def test_a_handle_in_use_is_freed_when_its_user_fails() -> None:
    freed: list[int] = []
    handle = Handle(lambda: freed.append(1))

    def fail() -> None:
        with handle.use():
            handle.close()
            raise OSError("cable")

    with pytest.raises(OSError, match="cable"):
        fail()
    assert freed == [1]


def test_close_from_another_thread_does_not_wait() -> None:
    freed, inside, leave = threading.Event(), threading.Event(), threading.Event()
    handle = Handle(freed.set)

    def read() -> None:
        with handle.use():
            inside.set()
            leave.wait(10)

    reader = threading.Thread(target=read)
    reader.start()
    assert inside.wait(10)
    handle.close()
    assert not freed.is_set()
    leave.set()
    reader.join(10)
    assert freed.is_set()
