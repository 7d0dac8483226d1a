"""The mailbox: it keeps the newest item and counts the others as dropped."""

import threading

import pytest

from realtime.sources.mailbox import Mailbox

pytestmark = pytest.mark.timeout(20)


def test_an_item_is_returned_once() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("a")
    assert box.take(0) == "a"
    assert box.take(0) is None
    assert box.dropped == 0


def test_the_newest_wins_and_the_others_count_as_dropped() -> None:
    box: Mailbox[int] = Mailbox()
    for number in range(5):
        box.put(number)
    assert box.take(0) == 4
    assert box.dropped == 4


def test_a_taken_item_does_not_count_as_dropped() -> None:
    box: Mailbox[int] = Mailbox()
    for number in range(3):
        box.put(number)
        assert box.take(0) == number
    assert box.dropped == 0


def test_a_waiting_reader_wakes_for_an_item() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    taker = threading.Thread(target=lambda: taken.append(box.take(10)))
    taker.start()
    box.put("a")
    taker.join(10)
    assert taken == ["a"]


def test_a_waiting_taker_is_woken_by_closing() -> None:
    box: Mailbox[str] = Mailbox()
    taken: list[str | None] = []
    taker = threading.Thread(target=lambda: taken.append(box.take(60)))
    taker.start()
    box.close()
    taker.join(10)
    assert not taker.is_alive()
    assert taken == [None]


def test_the_item_of_a_closed_mailbox_can_be_taken() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("last")
    box.close()
    assert not box.finished
    assert box.take(0) == "last"
    assert box.finished
    assert box.take(60) is None  # at once: nothing will come


def test_an_open_box_is_not_finished() -> None:
    assert not Mailbox[int]().finished


def test_every_item_of_a_busy_sender_is_taken_or_dropped() -> None:
    box: Mailbox[int] = Mailbox()
    count = 2000
    taken: list[int] = []

    def send() -> None:
        for number in range(count):
            box.put(number)
        box.close()

    sender = threading.Thread(target=send)
    sender.start()
    while not box.finished:
        if (number := box.take(5)) is not None:
            taken.append(number)
    sender.join(10)
    assert taken == sorted(set(taken))
    assert taken[-1] == count - 1
    assert len(taken) + box.dropped == count
