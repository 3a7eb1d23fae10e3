"""Doing commands one after the other, and again those whose facts others overtook."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from insight_sessions.commands.base import Command
from insight_sessions.errors import NotPossible, PluginError
from insight_sessions.previewing import Outcome, outcome_of
from insight_sessions.writer import BATCH, Request, Writer

TRIES: Final = 5
"""How often something is worked out that others overtake; it takes long, so whoever asked may want to know."""

Ask = Callable[[Command[Any]], Request[Any]]
"""Makes a request of a command: finds out what must be known of it."""


def do(command: Command[Any], ask: Ask, writer: Writer) -> Request[Any]:
    """Do a command, and say what became of it.

    Raises:
        PluginError: a plugin could not be asked what the command needs.
    """
    tries = 1
    while True:
        request = ask(command)
        writer.do(command.project_id, [request])
        if tries == TRIES or not (request.asks_more or (command.works_out and _is_overtaken(request))):
            return request
        tries += 1


def do_many(project_id: str, commands: Sequence[Command[Any]], ask: Ask, writer: Writer) -> list[Outcome[Any]]:
    """Do commands of one project in order; what is worked out for one of them rests on all before it."""
    return [outcome for some in _together(commands) for outcome in _done(project_id, some, ask, writer)]


def _together(commands: Sequence[Command[Any]]) -> Iterator[Sequence[Command[Any]]]:
    """Those that can be done together; whatever must be worked out is alone.

    No more of them than a batch, so that what one batch needed is let go of before the next is begun.
    """
    first = 0
    for number, command in enumerate(commands):
        if command.works_out:
            yield commands[first:number]
            yield commands[number : number + 1]
            first = number + 1
        elif number - first == BATCH:
            yield commands[first:number]
            first = number
    yield commands[first:]


def _done(project_id: str, commands: Sequence[Command[Any]], ask: Ask, writer: Writer) -> list[Outcome[Any]]:
    if len(commands) == 1 and commands[0].works_out:
        request = do(commands[0], ask, writer)
        return [outcome_of(commands[0], request.result, request.error)]
    asked = [_asked(command, ask) for command in commands]
    ready = [request for request in asked if isinstance(request, Request)]
    if ready:
        writer.do(project_id, ready)
    return [
        outcome_of(command, request.result, request.error)
        if isinstance(request, Request)
        else outcome_of(command, None, request)
        for command, request in zip(commands, asked, strict=True)
    ]


def _asked(command: Command[Any], ask: Ask) -> Request[Any] | PluginError:
    try:
        return ask(command)
    except PluginError as error:
        return error


def _is_overtaken(request: Request[Any]) -> bool:
    return isinstance(request.error, NotPossible) and request.error.reason == "changed"
