"""What the ear says of real speech, of noise and of our own voice coming back."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, WINDOW, Ear, Hop, Probability, load_detector
from testbed.speech import say

Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def detector() -> Callable[[], Probability]:
    return load_detector()


@pytest.fixture
def ear(detector: Callable[[], Probability]) -> Ear:
    return Ear(detector())


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Half a second of faint noise, a sentence, and a second of faint noise."""
    spoken = say("What is the weather like today?", rate_hz=RATE_HZ)
    padded = np.pad(spoken, (RATE_HZ // 2, RATE_HZ))
    return padded + noise(len(padded) / RATE_HZ, level_db=-65.0)


def noise(for_s: float, *, level_db: float) -> Samples:
    """White, the same every time."""
    samples = np.random.default_rng(1).standard_normal(round(for_s * RATE_HZ))
    return (samples * 10 ** (level_db / 20)).astype(np.float32)


def hears(ear: Ear, samples: Samples, *, at_once: int = HOP) -> list[Hop]:
    pcm = np.clip(samples * 32768, -32768, 32767).astype(np.int16)
    hops: list[Hop] = []
    for start in range(0, len(pcm), at_once):
        part = pcm[start : start + at_once]
        frame = rtc.AudioFrame(part.tobytes(), RATE_HZ, 1, len(part))
        hops += ear.push(frame)
    return hops


def deaf(window: npt.NDArray[np.float32]) -> float:
    """A detector that never hears speech."""
    return 0.0


def share(hops: list[Hop], of: Callable[[Hop], bool]) -> float:
    return sum(map(of, hops)) / len(hops)


class TestHops:
    @pytest.mark.parametrize("at_once", [37, HOP, 441, 5000])
    def test_frames_of_any_length_give_the_same_hops(
        self, detector: Callable[[], Probability], speech: Samples, at_once: int
    ) -> None:
        def facts(hops: list[Hop]) -> list[tuple[float, bool, float, float, bool]]:
            return [(h.level_db, h.loud, h.floor_db, h.probability, h.fresh) for h in hops]

        whole = hears(Ear(detector()), speech, at_once=len(speech))
        cut = hears(Ear(detector()), speech, at_once=at_once)
        assert len(whole) == len(speech) // HOP
        assert facts(cut) == facts(whole)
        assert np.array_equal(
            np.concatenate([hop.pcm for hop in cut]), np.concatenate([hop.pcm for hop in whole])
        )

    def test_every_window_is_judged_once(self) -> None:
        windows: list[int] = []

        def probability(window: npt.NDArray[np.float32]) -> float:
            windows.append(len(window))
            return 0.0

        hops = hears(Ear(probability), noise(4.0, level_db=-30.0))
        assert windows == [WINDOW] * (4 * RATE_HZ // WINDOW)
        assert sum(hop.fresh for hop in hops) == len(windows)

    def test_most_windows_of_a_long_silence_are_not_judged(self) -> None:
        judged: list[bool] = []

        def probability(window: npt.NDArray[np.float32]) -> float:
            judged.append(True)
            return 0.0

        hops = hears(Ear(probability), noise(20.0, level_db=-65.0))
        windows = 20 * RATE_HZ // WINDOW
        assert windows / 5 < len(judged) < windows / 2.5
        assert sum(hop.fresh for hop in hops) == windows, "each has a result all the same"

    def test_the_level_is_relative_to_full_scale(self) -> None:
        (hop, *_) = hears(Ear(deaf), np.full(HOP, 0.1, np.float32))
        assert hop.level_db == pytest.approx(-20.0, abs=0.1)

    def test_a_muted_track_is_silent(self, ear: Ear) -> None:
        hops = [ear.silence() for _ in range(50)]
        assert not any(hop.loud for hop in hops)
        assert all(hop.level_db == pytest.approx(-90.0) for hop in hops)
        assert share(hops, lambda hop: hop.fresh) == pytest.approx(HOP / WINDOW, abs=0.02)


class TestSpeech:
    def test_speech_is_heard_as_it_begins_and_ends(self, ear: Ear, speech: Samples) -> None:
        hops = hears(ear, speech)
        begin, end = round(0.5 / HOP_S), len(hops) - round(1.0 / HOP_S)
        before, spoken = hops[:begin], hops[begin:end]
        assert not any(hop.loud or hop.probability >= 0.5 for hop in before)
        assert any(hop.loud for hop in spoken[:10])
        assert any(hop.probability >= 0.5 for hop in spoken[:20])
        assert share(spoken, lambda hop: hop.probability >= 0.5) > 0.8
        assert share(spoken, lambda hop: hop.loud) > 0.6
        assert not any(hop.loud for hop in hops[end + 5 :]), "the level falls at once"
        assert not any(hop.probability >= 0.5 for hop in hops[end + 30 :])

    def test_a_long_silence_before_it_changes_nothing(
        self, detector: Callable[[], Probability], speech: Samples
    ) -> None:
        def first(hops: list[Hop]) -> int:
            return next(n for n, hop in enumerate(hops) if hop.probability >= 0.5)

        at_once, rested = Ear(detector()), Ear(detector())
        hears(rested, noise(20 * WINDOW / RATE_HZ * 25, level_db=-65.0))
        expected, found = hears(at_once, speech), hears(rested, speech)
        assert abs(first(found) - first(expected)) <= 4, "one window"
        voiced = [share(h, lambda hop: hop.probability >= 0.5) for h in (expected, found)]
        assert voiced[1] == pytest.approx(voiced[0], abs=0.05)

    def test_speech_is_not_taken_for_background(self, ear: Ear, speech: Samples) -> None:
        hops = hears(ear, speech)
        assert hops[-1].floor_db < -55.0
        assert max(hop.floor_db for hop in hops) < -50.0

    def test_two_tracks_do_not_share_a_state(
        self, detector: Callable[[], Probability], speech: Samples
    ) -> None:
        alone, beside, other = Ear(detector()), Ear(detector()), Ear(detector())
        expected = [hop.probability for hop in hears(alone, speech)]
        found: list[float] = []
        for start in range(0, len(speech), HOP):
            found += [hop.probability for hop in hears(beside, speech[start : start + HOP])]
            hears(other, noise(HOP_S, level_db=-20.0))
        assert found == expected


class TestBackground:
    @pytest.mark.parametrize("level_db", [-45.0, -30.0, -20.0])
    def test_white_noise_is_no_speech(self, ear: Ear, level_db: float) -> None:
        hops = hears(ear, noise(3.0, level_db=level_db))
        assert share(hops, lambda hop: hop.probability >= 0.5) < 0.05

    def test_a_steady_noise_is_background_after_some_seconds(self) -> None:
        hops = hears(Ear(deaf), noise(5.0, level_db=-35.0))
        assert all(hop.loud for hop in hops[:10])
        assert not any(hop.loud for hop in hops[-200:])
        assert hops[-1].floor_db == pytest.approx(-35.0, abs=2.0)

    def test_silence_is_background_at_once(self) -> None:
        ear = Ear(deaf)
        hears(ear, noise(10.0, level_db=-35.0))
        hears(ear, noise(0.05, level_db=-70.0))
        assert ear.floor_db == pytest.approx(-70.0, abs=2.0)
        hears(ear, np.zeros(RATE_HZ, np.float32))
        assert ear.floor_db >= -76.0, "digital silence is not the background of a room"

    def test_a_faint_sound_in_a_silent_room_is_not_loud(self) -> None:
        ear = Ear(deaf)
        hears(ear, np.zeros(RATE_HZ, np.float32))
        assert not any(hop.loud for hop in hears(ear, noise(0.5, level_db=-52.0)))

    def test_what_was_a_noise_is_background_from_now_on(self) -> None:
        ear = Ear(deaf)
        assert all(hop.loud for hop in hears(ear, noise(0.1, level_db=-35.0)))
        ear.was_noise(-35.0)
        assert not any(hop.loud for hop in hears(ear, noise(0.1, level_db=-35.0)))
        assert all(hop.loud for hop in hears(ear, noise(0.1, level_db=-20.0)))

    def test_a_bang_does_not_make_it_deaf(self) -> None:
        ear = Ear(deaf)
        ear.was_noise(0.0)
        assert ear.floor_db == -30.0
        assert hears(ear, noise(0.01, level_db=-10.0))[0].loud


def test_noises_over_the_agent_do_not_make_it_deaf_for_a_voice() -> None:
    ear = Ear(deaf)
    for _ in range(5):
        hears(ear, noise(0.15, level_db=-20.0))
        ear.was_noise(-20.0)
        hears(ear, noise(0.3, level_db=-60.0))
    assert all(hop.loud for hop in hears(ear, noise(0.1, level_db=-25.0)))
