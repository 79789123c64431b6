"""Several translators as one: what the first does not answer goes to the next."""

from agent.remote.failover import LineUp
from agent.translate.translator import Translator, Wish


class FailoverTranslator:
    """`agent.translate.translator.Translator`."""

    def __init__(self, line_up: LineUp[Translator]) -> None:
        """Ask the engines of `line_up`, which are closed with this."""
        self.line_up = line_up

    @property
    def model(self) -> str:
        """Model of the engine that answered last."""
        return self.line_up.serving.engine.model

    @property
    def provider(self) -> str:
        """Provider of the engine that answered last."""
        return self.line_up.serving.engine.provider

    def prewarm(self) -> None:
        """Warm the connection of the engine that is asked first."""
        self.line_up.order()[0].engine.prewarm()

    async def translate(self, wish: Wish, *, timeout_s: float) -> str:
        """The text in the wanted language; each engine has its own time-out.

        Raises:
            APIError: none of them answered; the error is the last one's.
        """
        failure: Exception | None = None
        for member in self.line_up.order():
            try:
                text = await member.engine.translate(wish, timeout_s=member.limits.timeout)
            except Exception as error:  # noqa: BLE001 - engines from elsewhere raise what they like
                self.line_up.failed(member, error)
                failure = error
            else:
                self.line_up.answered(member)
                return text
        assert failure is not None
        raise failure

    async def aclose(self) -> None:
        """Close all engines. May be called more than once."""
        await self.line_up.aclose()
