import pytest
from livekit import rtc

from agent.turns.utterance import PIECE_S, TAIL_S, UtteranceBuffer

WINDOW_S = 0.032
RATE_HZ = 16000


def window(value: int) -> rtc.AudioFrame:
    samples = int(WINDOW_S * RATE_HZ)
    return rtc.AudioFrame(value.to_bytes(2, "little") * samples, RATE_HZ, 1, samples)


def values(frames: list[rtc.AudioFrame]) -> list[int]:
    return [frame.data[0] for frame in frames]


def test_an_utterance_begins_with_the_prefix_and_ends_with_a_short_tail() -> None:
    audio = UtteranceBuffer(prefix_s=5 * WINDOW_S)
    for n in range(20):
        audio.push(window(n))
    audio.start()
    for n in range(20, 60):
        audio.push(window(n))
    silence_s = 18 * WINDOW_S
    taken = values(audio.take(silence_s=silence_s))
    assert taken[0] == 15
    kept_silence = taken[-1] - 41
    assert TAIL_S - WINDOW_S <= kept_silence * WINDOW_S <= TAIL_S + WINDOW_S
    assert taken == list(range(15, taken[-1] + 1))


def test_the_next_utterance_begins_with_the_silence_before_it() -> None:
    audio = UtteranceBuffer(prefix_s=5 * WINDOW_S)
    audio.start()
    for n in range(40):
        audio.push(window(n))
    audio.take(silence_s=10 * WINDOW_S)
    for n in range(40, 43):
        audio.push(window(n))
    audio.start()
    assert values(audio.take(silence_s=0))[0] == 38


def test_a_snapshot_changes_nothing() -> None:
    audio = UtteranceBuffer(prefix_s=1.0)
    audio.start()
    for n in range(30):
        audio.push(window(n))
    first = values(audio.snapshot(silence_s=0.32))
    assert first == values(audio.snapshot(silence_s=0.32))
    assert values(audio.take(silence_s=0)) == list(range(30))


@pytest.mark.parametrize(("pause_s", "longest_s"), [(0.4, PIECE_S * 2 / 3), (0.0, PIECE_S)])
def test_a_monologue_is_cut_into_pieces_without_losing_a_window(
    pause_s: float, longest_s: float
) -> None:
    audio = UtteranceBuffer(prefix_s=0.5)
    audio.start()
    pieces: list[rtc.AudioFrame] = []
    total = int(100 / WINDOW_S)
    for n in range(total):
        audio.push(window(n % 200))
        if audio.piece_due(silence_s=pause_s):
            piece = audio.take_piece()
            assert len(piece) * WINDOW_S <= longest_s + 2 * WINDOW_S
            pieces += piece
    pieces += audio.take(silence_s=0)
    assert values(pieces) == [n % 200 for n in range(total)]
