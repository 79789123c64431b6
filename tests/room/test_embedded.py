"""The embedded default, all of it real: Whisper tiny.en, hibari, the handbook, a room.

What the agent said is judged by recognising the caller's recording of it.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from difflib import SequenceMatcher

import jiwer
import pytest

from agent.telephone import DIALLED, NUMBER, STATUS
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.hearing import RATE_HZ, voiced_span
from rejoinder.scripted_caller.microphone import Pcm
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.loudspeaker import Loudspeaker
from testbed.programs import Background
from testbed.speech import say
from testbed.telephone import PCMU, Line, Telephone, spoken_through
from tests.fakes.embedded_models import embedded, model_servers, normal, recognised

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

PRIVACY = "Do you send my data to the internet?"
LONG = "Can I interrupt you while you speak?"
START = "Wait, how do I start the demo?"
TELEPHONE = {NUMBER: "+15550199", DIALLED: "+15550100", STATUS: "active"}
LINE_ECHO_DB = -6.0
"""Of a telephone line without echo cancellation."""
ECHO_CALLS = 4
"""Made at most, until one had no holes or was none the worse for them."""
HIGHEST_WER = 0.2
"""tiny.en on a voice that went through Opus twice; names such as TTS_VOICE would be guessed at."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with model_servers(tmp_path_factory.mktemp("servers")) as urls:
        yield urls


@pytest.fixture(scope="module")
def spoken() -> dict[str, Pcm]:
    lines = (PRIVACY, LONG, START)
    return {line: say(line, rate_hz=RATE_HZ) for line in lines}


@pytest.fixture(scope="module")
def own_livekit(
    background: Background, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveKitProcess]:
    """A server whose rooms only the embedded worker joins."""
    stack = AsyncExitStack()
    folder = tmp_path_factory.mktemp("livekit")
    yield background.run(stack.enter_async_context(run_livekit(livekit_binary(), folder)))
    background.run(stack.aclose())


@pytest.fixture(scope="module")
def embedded_worker(
    servers: dict[str, str], own_livekit: LiveKitProcess, start_worker: Callable[..., ExitStack]
) -> Iterator[None]:
    with start_worker(
        LIVEKIT_URL=own_livekit.url,
        LIVEKIT_API_KEY=own_livekit.api_key,
        LIVEKIT_API_SECRET=own_livekit.api_secret,
        **embedded(servers),
        AGENT_GREETING="",
    ):
        yield


@asynccontextmanager
async def calling(
    livekit: LiveKitProcess, telephone: Mapping[str, str] | None = None
) -> AsyncIterator[Caller]:
    """Join a room of one's own, as a telephone with these attributes if there are any."""
    room = f"room-{secrets.token_hex(4)}"
    token = livekit.token(room, "caller", phone=telephone is not None, attributes=telephone or {})
    async with join(livekit.url, token) as caller:
        await caller.wait_for_agent()
        await caller.wait_for_state("listening")
        yield caller


@pytest.fixture
async def caller(embedded_worker: None, own_livekit: LiveKitProcess) -> AsyncIterator[Caller]:
    async with calling(own_livekit) as caller:
        yield caller


def length_s(pcm: Pcm) -> float:
    """From the first to the last voiced sample."""
    first_s, last_s = voiced_span(pcm)
    return last_s - first_s


def answers(caller: Caller) -> list[str]:
    return [c.text.strip() for c in caller.log.captions if c.by_agent]


async def test_spoken_questions_are_answered_aloud_and_of_a_cut_answer_the_heard_part_is_kept(
    caller: Caller, servers: dict[str, str], spoken: dict[str, Pcm]
) -> None:
    first, second, third = (
        spoken[PRIVACY],
        spoken[LONG],
        spoken[START],
    )
    await caller.wait_for_reply(await caller.say(first), timeout_s=90)
    await caller.wait_until(lambda: len(caller.log.turns) == 1)
    recording = await asyncio.to_thread(caller.hearing.pcm)
    whole = normal(await asyncio.to_thread(recognised, servers, recording, rate_hz=RATE_HZ))
    answer = normal(answers(caller)[0])
    print(f"said:  {answer}\nheard: {whole}")
    assert jiwer.wer(answer, whole) <= HIGHEST_WER
    began = await caller.wait_for_answer(await caller.say(second))
    await asyncio.sleep(max(0.0, began + 2.0 - time.perf_counter()))
    interruption = await caller.say(third)
    await caller.wait_for_answer(interruption, timeout_s=90)
    exchange = caller.measure(interruption)
    await caller.wait_until(lambda: len(caller.log.sources) == 3)

    assert exchange.barge_in_ms is not None
    assert normal(next(c.text for c in caller.log.captions if not c.by_agent)) == normal(PRIVACY)
    assert [t["interrupted"] for t in caller.log.turns] == [False, True]
    assert [source["path"] for source in caller.log.sources][::2] == ["privacy.md", "starting.md"]
    recording = await asyncio.to_thread(caller.hearing.pcm)
    start = round((began - caller.hearing.began - 0.2) * RATE_HZ)
    assert interruption.began is not None
    onset_s = interruption.began + voiced_span(third)[0] - caller.hearing.began
    cut = recording[start : round((onset_s + exchange.barge_in_ms / 1e3 + 0.1) * RATE_HZ)]
    heard = normal(await asyncio.to_thread(recognised, servers, cut, rate_hz=RATE_HZ))
    kept = answers(caller)[1].strip()
    print(f"kept: {kept}\nheard: {heard}")
    # tiny.en drops or merges words of half a sentence: how much was heard is told by its length,
    # and which sentence by the letters.
    said = await asyncio.to_thread(say, kept, rate_hz=RATE_HZ)  # the agent's voice too
    assert length_s(cut) == pytest.approx(length_s(said), abs=0.7)
    assert SequenceMatcher(None, normal(kept), heard).ratio() > 0.5


async def test_its_own_voice_from_a_loudspeaker_does_not_stop_it(
    embedded_worker: None, own_livekit: LiveKitProcess, spoken: dict[str, Pcm]
) -> None:
    """A telephone on a table: what is heard comes back 20 dB quieter and a little late."""
    for _ in range(ECHO_CALLS):
        async with calling(own_livekit) as caller:
            question = await caller.say(spoken[LONG])
            began = await caller.wait_for_answer(question)
            loudspeaker = caller.microphone.hears = Loudspeaker(caller.hearing)
            await asyncio.sleep(max(0.0, began + 6.0 - time.perf_counter()))
            caller.microphone.hears = None
            spoken_on = time.perf_counter()
            await caller.hearing.wait_for_sound(after=spoken_on)
            asked = [c.text for c in caller.log.captions if not c.by_agent]
            if loudspeaker.holes and (caller.log.turns or len(asked) > 1):
                continue  # no telephone, but a machine that stood still
            assert loudspeaker.sounded_s > 1.0
            assert caller.log.turns == [], "it was interrupted"
            assert len(asked) == 1, "its own words became a turn"
            return
    pytest.fail("this machine is too busy to play an echo without holes")


async def telephone_call(caller: Caller, question: Pcm, interruption: Pcm) -> tuple[list[str], int]:
    """Ask, listen for four seconds, interrupt; what was wrong, and how often the line had holes.

    A hole is one in the echo, or in what the caller said.
    """
    line = Line(PCMU, rate_hz=RATE_HZ)
    telephone = Telephone(caller.hearing, PCMU, echo_db=LINE_ECHO_DB)
    caller.microphone.hears = telephone
    began = await caller.wait_for_answer(await caller.say(spoken_through(line, question)))
    await asyncio.sleep(max(0.0, began + 4.0 - time.perf_counter()))
    asked = [c.text for c in caller.log.captions if not c.by_agent]
    faults = []
    if caller.log.turns or len(asked) != 1:
        faults.append(f"it interrupted itself: {asked[1:]}")
    if jiwer.wer(normal(LONG), normal(asked[0])) > HIGHEST_WER:
        faults.append(f"not understood: {asked[0]}")
    await caller.say(spoken_through(line, interruption))
    try:
        await caller.wait_until(lambda: len(answers(caller)) >= 2, timeout_s=30)
    except TimeoutError:
        faults.append("the interruption was not answered")
    if [turn["interrupted"] for turn in caller.log.turns][:1] != [True]:
        faults.append("it was not interrupted")
    sounded_s = telephone.loudspeaker.sounded_s
    if sounded_s <= 1.0:
        faults.append(f"the line had an echo for {sounded_s:.2f} s only")
    stalls = sum(len(utterance.stalls) for utterance in caller.microphone.said)
    return faults, telephone.loudspeaker.holes + stalls


@pytest.mark.timeout(60 * ECHO_CALLS)
async def test_a_telephone_is_understood_and_interrupts_but_its_echo_does_not(
    embedded_worker: None, own_livekit: LiveKitProcess, spoken: dict[str, Pcm]
) -> None:
    """G.711 both ways, comfort noise, and an echo of the line in every moment."""
    for _ in range(ECHO_CALLS):
        async with calling(own_livekit, TELEPHONE) as caller:
            faults, holes = await telephone_call(caller, spoken[LONG], spoken[START])
        if not faults:
            return
        assert holes, faults  # else no telephone, but a machine that stood still
    pytest.fail(f"this machine is too busy for a telephone without holes: {faults}")
