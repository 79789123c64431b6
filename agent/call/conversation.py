"""What is said in one call: how it begins, what is kept of it and for whom."""

from contextlib import suppress

from livekit.agents import AgentSession, llm

from agent.call.presence import Resume, Serve, Served
from agent.personas.cast import Cast
from agent.survival.heartbeat import Heartbeat
from agent.survival.history import Memory, is_instruction, recalled, said, shortened
from agent.tasks import CallTasks


class Conversation:
    """Of one session with one person at a time."""

    def __init__(
        self,
        session: AgentSession[None],
        tasks: CallTasks,
        heartbeat: Heartbeat,
        cast: Cast,
        *,
        typed_chars: int,
        history_chars: int,
    ) -> None:
        """Prepare; the session has started when anything else here is called.

        Args:
            session: that the talk is held in.
            tasks: what is done aside belongs to.
            heartbeat: keeps what was said for a job that takes over.
            cast: who speaks in it has the first words.
            typed_chars: longest text that is asked at once, characters.
            history_chars: how much of the conversation the model is sent, characters.
        """
        self._session = session
        self._tasks = tasks
        self._heartbeat = heartbeat
        self._cast = cast
        self._typed_chars = typed_chars
        self._history_chars = history_chars
        self._with: str | None = None
        self._history_of: str | None = None
        """Who has said what the history has; not yet here when an earlier job has left it."""
        self._recalled: set[str] = set()
        """By id, what an earlier job has left."""
        self._asked: llm.ChatMessage | None = None

    async def recall(self, memory: Memory) -> None:
        """Go on with what an earlier job has left, if the same person is served again."""
        self._history_of = memory.served
        left = recalled(memory)
        self._recalled = {item.id for item in left.items}
        await self._session.current_agent.update_chat_ctx(left)

    async def learn(self, memory: Memory) -> bool:
        """Put before what was said here what an earlier job knows, which was away until now.

        It knows all that was recalled, which takes its place.

        Returns:
            False when that was said by somebody else.
        """
        if self._with not in (None, memory.served):
            return False
        self._history_of = memory.served
        agent = self._session.current_agent
        here = [item for item in agent.chat_ctx.items if item.id not in self._recalled]
        first = next((n for n, item in enumerate(here) if not is_instruction(item)), len(here))
        earlier = recalled(memory).items
        self._recalled = {item.id for item in earlier}
        told = [*here[:first], *earlier, *here[first:]]
        await agent.update_chat_ctx(llm.ChatContext(told))
        self.remember()
        return True

    async def serve(self, action: Served) -> None:
        """Talk to another person from now on, or to the same one again.

        Who takes the turn goes on with what was said.
        """
        persona, before = self._cast.persona, self._with
        foreign = self._history_of not in (None, action.identity)
        self._with = self._history_of = action.identity
        match action:
            case Serve():
                if foreign:
                    # What one person said is nothing to the next.
                    self._asked = None
                    await self._session.current_agent.update_chat_ctx(llm.ChatContext.empty())
                self._say(persona.greeting)
            case Resume() if before is None:
                self._say(persona.back_text)
            case Resume() if not self._begun():
                # They left before they heard a word of it.
                self._say(persona.greeting)
        self.remember()

    def ask(self, text: str) -> None:
        """Begin the answer to what was typed.

        What was typed before, and was interrupted before it entered the history, comes with it.

        Raises:
            RuntimeError: the session is closing.
        """
        before = self._asked
        if before is not None and self._session.current_agent.chat_ctx.get_by_id(before.id) is None:
            text = f"{before.text_content}\n{text}"[-self._typed_chars :]
        self._asked = llm.ChatMessage(role="user", content=[text])
        self._session.generate_reply(user_input=self._asked)

    def remember(self) -> None:
        """Keep what was said: for the model within its limit, and for a job that takes over."""
        agent = self._session.current_agent
        if self._asked is not None and agent.chat_ctx.get_by_id(self._asked.id) is not None:
            self._asked = None
        self._tasks.inform(self._shorten(), name="shorten-history")
        if self._with is not None:
            self._heartbeat.remember(
                self._with, agent.chat_ctx.items, persona=self._cast.persona.name
            )

    async def _shorten(self) -> None:
        # Here, not before: more of the same turn may have been added since this was begun.
        agent = self._session.current_agent
        short = shortened(agent.chat_ctx, chars=self._history_chars)
        if short is not None:
            self._session.history.truncate(max_items=len(short.items))
            await agent.update_chat_ctx(short)

    def _begun(self) -> bool:
        items = self._session.current_agent.chat_ctx.items
        return self._session.current_speech is not None or bool(said(items))

    def _say(self, text: str) -> None:
        if text:
            with suppress(RuntimeError):  # the session may be closing
                self._session.say(text)
