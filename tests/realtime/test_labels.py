import pytest

from realtime.labels import ALIASES, LABELS, PAPER_LABELS, UNCERTAIN, canonical


def test_order_is_the_one_that_weights_were_trained_with() -> None:
    assert LABELS == ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    assert ("neutral", *PAPER_LABELS) == LABELS
    assert UNCERTAIN not in LABELS


@pytest.mark.parametrize(
    ("name", "label"), [("Happy", "happiness"), ("happiness", "happiness"), (" SAD ", "sadness"), ("angry", "anger")]
)
def test_names_of_public_data_sets(name: str, label: str) -> None:
    assert canonical(name) == label


def test_every_alias_leads_to_a_label() -> None:
    assert set(ALIASES.values()) <= set(LABELS)


def test_unknown_name() -> None:
    with pytest.raises(KeyError, match="bored"):
        canonical("bored")
