"""Requests with a token, repeated while that may help, and Apple's refusals as our errors."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit

from asc_linker.apple.json_api import NotJson, parse_json
from asc_linker.apple.quota import LEFT_IN_HOUR, Quota, rate_limits
from asc_linker.apple.retry import (
    LONGEST_S,
    MOST_ATTEMPTS,
    RetryBudget,
    TransientFailure,
    clock_fault,
    retry_after_s,
)
from asc_linker.apple.transport import Answer, Transport
from asc_linker.errors import CredentialsError, UnexpectedAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from asc_linker.apple.tokens import Tokens
    from asc_linker.apple.transport import Request
    from asc_linker.clock import Clock
    from asc_linker.errors import AscLinkerError

_Value = TypeVar("_Value")

# Seconds to connect, and between two bytes of an answer.
_TIMEOUT_S = (10.0, 30.0)
# Below 500, what may pass by itself, and was not looked at: too slow, another connection, too
# early, too many requests.
_NOT_NOW = frozenset({408, 421, 425, 429})
# From 500 on, what does not pass by itself: the server cannot do this at all.
_NEVER = frozenset({501, 505})
# Lists of uploads answer 404 now and then, and the next try succeeds.
# Source: the tests of rorkai/App-Store-Connect-CLI, which tries as often.
_STRAY_404_ATTEMPTS = 3


class Exchange(NamedTuple):
    """One request and what came of it: no token, no body. `status` 0: no answer.

    `date` is the answer's header of that name: what time it was by Apple's clock.
    """

    method: str
    path: str
    status: int
    seconds: float
    request_id: str
    date: str = ""

    def __str__(self) -> str:
        answer = str(self.status) if self.status else "no answer"
        return f"{self.method} {self.path} → {answer}, {self.seconds * 1000:.0f} ms" + (
            f", X-Request-ID {self.request_id}" if self.request_id else ""
        )


class Requester:
    """Asks one origin with one key. Safe to share between threads."""

    def __init__(
        self,
        tokens: Tokens,
        *,
        api_url: str,
        clock: Clock,
        on_exchange: Callable[[Exchange], None],
        on_retry: Callable[[str], None],
        timeout_s: tuple[float, float] = _TIMEOUT_S,
        longest_s: float = LONGEST_S,
        random: Callable[[], float] = random.random,
    ) -> None:
        """`timeout_s` to connect, and between two bytes; `longest_s` for a request and its repeats.

        `random` spreads the pauses. Raises InputError: a variable names certificates that are not
        there.
        """
        self.api_url = api_url
        self.log_retry = on_retry
        self.quota = Quota(clock)
        # However many threads read, one document at a time fills the memory.
        self.one_document = threading.Lock()
        self._transport = Transport(api_url, timeout_s)
        self._tokens = tokens
        self._clock = clock
        self._on_exchange = on_exchange
        self._longest_s = longest_s
        self._random = random

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._transport.close()

    def read(
        self,
        request: Request,
        convert: Callable[[object], _Value],
        *,
        most_attempts: int = MOST_ATTEMPTS,
    ) -> _Value:
        """GET until there is whole JSON, and make a value of it.

        Raises what the last attempt met with, or what `convert` does.
        """
        budget = self.budget(request)
        while True:
            outcome = self.attempt(request, budget)
            if isinstance(outcome, Answer):
                try:
                    with self.one_document:
                        return convert(parse_json(outcome.body))
                except UnexpectedAnswer as error:
                    error.request_id = outcome.request_id
                    if not isinstance(error, NotJson):
                        raise
                    outcome = TransientFailure("the answer is no JSON, or only a part", error)
            fewer = min(most_attempts, outcome.most_attempts)
            self.pause(outcome._replace(most_attempts=fewer), budget)

    def budget(self, request: Request) -> RetryBudget:
        """What `request` and its repeats may cost."""
        return RetryBudget(str(request), self._clock, self._random, self.log_retry, self._longest_s)

    def pause(self, failure: TransientFailure, budget: RetryBudget) -> None:
        """Wait until the next attempt. Raises the failure's error: there will be none."""
        pause_s = budget.spend(failure)
        if failure.slows_all:
            self.quota.hold(pause_s)
        if pause_s:
            self._clock.sleep(pause_s)

    def path_of(self, next_url: str) -> str:
        """Path and query of a `next` link. Raises UnexpectedAnswer: it leads to another origin."""
        with suppress(ValueError):  # no URL at all, so not on our origin either
            url = urlsplit(urljoin(self.api_url, next_url))
            if url[:2] == urlsplit(self.api_url)[:2]:
                return f"{url.path}?{url.query}"
        raise UnexpectedAnswer(
            "App Store Connect's next page is on another host; it was not followed.",
            hint="The token is for one origin only. Check `api-url` and any proxy.",
        )

    def attempt(self, request: Request, budget: RetryBudget) -> Answer | TransientFailure:
        """One exchange: a 2xx is returned, and what may pass; everything else is raised."""
        with self.quota.turn() as waited_s:
            budget.extend(waited_s)
            token = self._tokens.current()
            outcome = self._exchange(request, token, budget.left_s)
            if isinstance(outcome, Answer):
                self.quota.note(outcome.header("X-Rate-Limit"))
                outcome = self._judge(outcome, request, token, budget)
            return outcome

    def _judge(
        self, answer: Answer, request: Request, token: str, budget: RetryBudget
    ) -> Answer | TransientFailure:
        if answer.is_success:
            # Of a write's answer nothing is needed that a read would not show as well.
            return answer if answer.cut is None or request.is_write else answer.cut
        if answer.status < 400:
            what = "a redirect; it was not followed" if answer.status >= 300 else "no HTTP status"
            raise UnexpectedAnswer(
                f"App Store Connect answered with {what}.",
                hint="The token is for one origin only. Check `api-url` and any proxy.",
                request_id=answer.request_id,
            )
        if answer.cut is not None:
            return answer.cut
        error = _refusal(answer)
        what = f"App Store Connect answered {answer.status}"
        now = self._clock.now()
        if answer.status == 401:
            error = _blaming_the_clock(error, clock_fault(answer.header("Date"), now))
            if budget.has_new_token:
                raise error
            budget.has_new_token = True
            self._tokens.renew(token)
            return TransientFailure(what, error, arrived=False, new_token=True)
        is_failing = answer.status >= 500 and answer.status not in _NEVER
        if is_failing or answer.status in _NOT_NOW:
            wait_s = retry_after_s(answer.header("Retry-After"), answer.header("Date"), now)
            return TransientFailure(
                what, error, wait_s, arrived=is_failing, slows_all=answer.status == 429
            )
        if answer.status == 404 and request.is_for_uploads:
            return TransientFailure(what, error, most_attempts=_STRAY_404_ATTEMPTS)
        raise error

    def _exchange(self, request: Request, token: str, left_s: float) -> Answer | TransientFailure:
        started = self._clock.monotonic()
        outcome: Answer | TransientFailure | None = None
        try:
            outcome = self._transport.send(request, token, left_s)
        finally:
            seconds = self._clock.monotonic() - started
            status, request_id, date = 0, "", ""
            if isinstance(outcome, Answer):
                status, request_id = outcome.status, outcome.request_id
                date = outcome.header("Date")
            self._on_exchange(
                Exchange(request.method, request.plain_path, status, seconds, request_id, date)
            )
        return outcome


def _refusal(answer: Answer) -> AscLinkerError:
    # A run that goes well needs neither.
    from asc_linker.apple.error_document import is_a_page, parse_errors
    from asc_linker.apple.refusals import refusal

    return refusal(
        answer.status,
        parse_errors(answer.body),
        answer.request_id,
        is_a_page=is_a_page(answer.body),
        requests_left=rate_limits(answer.header("X-Rate-Limit")).get(LEFT_IN_HOUR),
    )


def _blaming_the_clock(error: AscLinkerError, fault: str) -> AscLinkerError:
    """`error`, or the same refusal explained by `fault`, which then is its likely cause."""
    if not fault:
        return error
    return CredentialsError(
        f"{error.message} {fault}",
        hint=f"Set this machine's clock: Apple refuses a token from another time. {error.hint}",
        id="clock-wrong",
        apple=error.apple,
        request_id=error.request_id,
    )
