import numpy as np

from realtime.faces import geometry


def boxes(*rows: tuple[float, float, float, float]) -> geometry.Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def test_iou_by_hand() -> None:
    a = boxes((0, 0, 10, 10))
    b = boxes((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (2, 2, 4, 4))
    np.testing.assert_allclose(geometry.iou(a, b), [[1, 50 / 150, 0, 4 / 100]], rtol=1e-6)


def test_iou_of_nothing() -> None:
    assert geometry.iou(boxes(), boxes((0, 0, 1, 1))).shape == (0, 1)


def test_iou_of_a_box_without_area_is_zero() -> None:
    assert geometry.iou(boxes((3, 3, 3, 3)), boxes((0, 0, 9, 9)))[0, 0] == 0


def test_area_of_an_inverted_box_is_zero() -> None:
    np.testing.assert_array_equal(geometry.area(boxes((0, 0, 2, 3), (5, 5, 1, 9))), [6, 0])


def test_centre_and_side_and_back() -> None:
    square = boxes((10, 20, 40, 50))
    np.testing.assert_array_equal(geometry.to_centre_side(square), [[25, 35, 30]])
    np.testing.assert_array_equal(geometry.from_centre_side(geometry.to_centre_side(square)), square)
