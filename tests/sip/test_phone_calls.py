"""Calls by a real SIP telephone through a real livekit-sip; all that is heard is judged by Whisper.

What is wrong in words that are right but for a sound is tiny.en's, on what went through a codec.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import jiwer
import pytest
from livekit import api

from testbed.baresip import RATES, Handset, Samples
from testbed.speech import say
from tests.fakes.embedded_models import normal, recognised
from tests.sip.conftest import GREETING, GUARDED, PASSWORD, Exchange, Phone

pytestmark = pytest.mark.timeout(400)

ACCOUNT, STARTING, LONG = (
    "Do I need an account?",
    "Wait, how do I start the demo?",
    "Can I interrupt you while you speak?",
)
NO_ACCOUNT = "No. The demo needs no key, no account and no graphics card."
TALK_PAGE = "opens the talk page in your browser"
LAST_WORDS = "answers what you said"
HIGHEST_WER = 0.3


def words(exchange: Exchange, sound: Samples, *, rate_hz: int) -> str:
    """What was said in a part of a recording."""
    return normal(recognised(exchange.models, sound, rate_hz=rate_hz))


def greeting_to(phone: Handset, uri: str) -> Samples:
    """Call, and listen to the greeting to its end."""
    phone.dial(uri)
    phone.wait("CALL_ESTABLISHED", timeout_s=30)
    begin_s = phone.wait_for_sound()
    return phone.between(begin_s, phone.wait_for_silence(after_s=begin_s))


def answer_s(phone: Handset, question: str) -> float:
    """Ask; gives where the answer begins in the recording."""
    sound = say(question, rate_hz=phone.rate_hz)
    now_s = phone.heard_s
    time.sleep(max(0.0, phone.say(sound) - time.perf_counter()))
    return phone.wait_for_sound(after_s=now_s + len(sound) / phone.rate_hz)


def answer_to(phone: Handset, question: str) -> Samples:
    """Ask, and listen to the whole answer."""
    begin_s = answer_s(phone, question)
    return phone.between(begin_s, phone.wait_for_silence(after_s=begin_s))


def gone(exchange: Exchange, call: str) -> bool:
    """Whether a caller's room is no more."""

    async def rooms() -> list[str]:
        server = exchange.livekit
        async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as livekit:
            listed = await livekit.room.list_rooms(api.ListRoomsRequest())
            return [room.name for room in listed.rooms if room.num_participants]

    return not any(call in name for name in exchange.background.run(rooms()))


@pytest.mark.parametrize("codec", list(RATES))
def test_a_caller_hears_the_whole_greeting_and_the_right_answer(
    exchange: Exchange, phone: Phone, codec: str
) -> None:
    with phone(codec=codec) as caller:
        sounds = greeting_to(caller, exchange.uri()), answer_to(caller, ACCOUNT)
    greeting, answer = (words(exchange, sound, rate_hz=RATES[codec]) for sound in sounds)
    print(f"{codec}: {greeting!r}, {answer!r}")
    assert jiwer.wer(normal(GREETING), greeting) <= HIGHEST_WER
    assert jiwer.wer(normal(NO_ACCOUNT), answer) <= HIGHEST_WER


def test_a_caller_interrupts_and_hangs_up_in_mid_sentence(exchange: Exchange, phone: Phone) -> None:
    with phone(number="+15550177") as caller:
        greeting_to(caller, exchange.uri())
        first_s = answer_s(caller, LONG)
        time.sleep(2.5)
        sound = say(STARTING, rate_hz=caller.rate_hz)
        over_s = caller.heard_s
        caller.say(sound)
        silent_s = caller.wait_for_silence(lasting_s=0.3, after_s=over_s)
        second_s = caller.wait_for_sound(after_s=over_s + len(sound) / caller.rate_hz)
        end_s = caller.wait_for_silence(after_s=second_s)
        spans = (first_s, silent_s), (second_s, end_s)
        cut, answer = (
            words(exchange, caller.between(*span), rate_hz=caller.rate_hz) for span in spans
        )
        print(f"cut: {cut!r}, answer: {answer!r}")
        # What was cut off began as the whole answer does, and never came to its end.
        assert "means that you" in cut
        assert LAST_WORDS not in cut
        assert TALK_PAGE in answer
        assert not gone(exchange, "+15550177")
        answer_s(caller, LONG)
        caller.hang_up()
        caller.wait("CALL_CLOSED")
    end = time.monotonic() + 30
    while not gone(exchange, "+15550177") and time.monotonic() < end:
        time.sleep(0.2)
    assert gone(exchange, "+15550177")


def test_a_wrong_password_is_refused_and_the_right_one_is_greeted(
    exchange: Exchange, phone: Phone
) -> None:
    with phone(account=";auth_user=alice;auth_pass=wrong") as caller:
        caller.dial(exchange.uri(GUARDED))
        refusal = caller.wait("CALL_CLOSED", timeout_s=40)
    assert "401" in refusal["param"]
    with phone(account=f";auth_user=alice;auth_pass={PASSWORD}") as caller:
        sound = greeting_to(caller, exchange.uri(GUARDED))
        greeting = words(exchange, sound, rate_hz=caller.rate_hz)
    assert jiwer.wer(normal(GREETING), greeting) <= HIGHEST_WER


def test_keys_reach_the_agent_and_the_agents_reach_the_telephone(
    exchange: Exchange, phone: Phone
) -> None:
    with phone() as caller:
        greeting_to(caller, exchange.uri())
        pressed = "15#"
        for key in pressed:
            caller.press(key)
            assert caller.wait("CALL_DTMF_START")["param"] == key


def test_two_callers_at_once_each_hear_their_own_answer(exchange: Exchange, phone: Phone) -> None:
    def call(caller: Handset, question: str) -> Samples:
        greeting_to(caller, exchange.uri())
        return answer_to(caller, question)

    with (
        phone(number="+15550171", codec="PCMA") as first,
        phone(number="+15550172", codec="PCMU") as second,
        ThreadPoolExecutor(2) as both,
    ):
        calls = both.submit(call, first, ACCOUNT), both.submit(call, second, STARTING)
    account, starting = (words(exchange, sound.result(), rate_hz=RATES["PCMA"]) for sound in calls)
    print(f"{account!r}, {starting!r}")
    assert "no account" in account
    assert TALK_PAGE in starting
    for number in ("+15550171", "+15550172"):
        assert number not in exchange.worker.log.read_text()
