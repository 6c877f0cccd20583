"""A server that answers from a script, each answer with token counts of its own, and adds up what it sent.

The counts are powers of two, so that a call left out, counted twice or given to the wrong agent shows in
every sum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple

from support.providers import facts as f
from support.providers.client import Client
from support.providers.replies import FAULT_MESSAGE, Fault, Reply, Usage
from support.providers.scenarios import SCENARIOS
from support.providers.server import Answer, Exchange, Provider, Request, json_answer

Step = Reply | Fault
Cut = Callable[[Answer], Answer]


class Tokens(NamedTuple):
    """A sum; nothing counted is 0 here, and absent on a span."""

    input: int = 0
    output: int = 0


class Counting:
    """One provider that plays a script for the clients of one or more APIs.

    Args:
        provider: The server.
        clients: Who asks; a request is answered in the format of whoever's API has its path.
    """

    def __init__(self, provider: Provider, *clients: Client) -> None:
        self._provider = provider
        self._clients = clients
        self._script: deque[Step] = deque()
        self._numbers = count()
        self.cut: Cut = lambda answer: answer
        provider.respond = self._respond

    def play(self, *steps: Step) -> None:
        """Say what comes next, in order; after that, plain answers."""
        self._script.extend(steps)

    def model(self, client: Client | None = None, **options: Any) -> Any:
        """A client's model, the first one's unless said otherwise; the SDK's own retries are off."""
        client = client or self._clients[0]
        options = {**client.options.get("plain", {}), **options}
        return replace(client, options={"plain": options}).build(SCENARIOS["plain"], self._provider.url)

    def sent(self, words: str = "", without: str | None = None) -> Tokens:
        """What all answers counted, read from their bytes.

        Args:
            words: Of requests that say this only.
            without: And of those that do not say that.
        """
        chosen = (
            exchange
            for exchange in self._provider.exchanges
            if words.encode() in exchange.request.body
            and (without is None or without.encode() not in exchange.request.body)
        )
        return total(map(self._counted, chosen))

    @property
    def requests(self) -> int:
        """How many there were."""
        return len(self._provider.exchanges)

    def _respond(self, request: Request) -> Answer:
        api = self._client_of(request).api
        step = self._script.popleft() if self._script else Reply()
        if isinstance(step, Fault):
            return json_answer(api.error(step.status, FAULT_MESSAGE), step.status)
        power = 2 ** next(self._numbers)
        usage = Usage(input=32 * power, output=3 * power, cache_read=8 * power)
        return self.cut(api.answer(request, replace(step, usage=usage)))

    def _counted(self, exchange: Exchange) -> dict[str, Any]:
        if exchange.answer.status != 200:
            return {}
        return self._client_of(exchange.request).api.read_response(exchange)

    def _client_of(self, request: Request) -> Client:
        if len(self._clients) == 1:
            return self._clients[0]
        anthropic = request.path.endswith("/messages")
        (client,) = (
            client for client in self._clients if (client.package == "langchain-anthropic") is anthropic
        )
        return client


def total(facts: Iterable[Any]) -> Tokens:
    """Add up the tokens of many sets of facts, or attributes."""
    tokens = [(found.get(f.INPUT, 0), found.get(f.OUTPUT, 0)) for found in facts]
    return Tokens(sum(read for read, _ in tokens), sum(written for _, written in tokens))
