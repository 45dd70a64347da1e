import pytest

from scripts.speed.beside import ratios

pytestmark = pytest.mark.unit

PLAIN = {
    "16": {"frames": 100, "whole_s": 5.0, "fps": 20.0, "loaded_mib": 600.0, "peak_mib": 1600.0},
    "128": {"frames": 100, "whole_s": 10.0, "fps": 10.0, "loaded_mib": 600.0, "peak_mib": 2400.0},
}
OURS = {
    "fixed": {
        "1": {"fps": 30.0, "loaded_mib": 250.0, "peak_mib": 300.0},
        "2": {"fps": 50.0, "loaded_mib": 450.0, "peak_mib": 500.0},
    },
    "found": {
        "1": {"fps": 25.0, "loaded_mib": 220.0, "peak_mib": 320.0},
        "2": {"fps": 40.0, "loaded_mib": 400.0, "peak_mib": 480.0},
    },
}


def test_the_best_of_each_are_compared() -> None:
    assert ratios(PLAIN, OURS, {})["fixed_box"] == 2.5


def test_a_detector_adds_its_time_for_every_frame_of_the_plain_loop() -> None:
    found = ratios(PLAIN, OURS, {"wall_s": 0.95})

    assert found["plain_fps_with_detector"] == 1.0
    assert found["detectors_counted"] == 40.0


def test_memory_is_that_of_the_fastest_plain_loop() -> None:
    found = ratios(PLAIN, OURS, {})

    assert found["memory_1"] == 0.2
    assert found["memory_2"] == 0.3
    assert found["grown_1"] == 0.1


def test_without_the_detectors_time_nothing_is_said_of_it() -> None:
    assert "detectors_counted" not in ratios(PLAIN, OURS, {})
