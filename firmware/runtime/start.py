"""The start of the process: a first screen, then everything else.

A person who plugs a phone in sees at once that it lives. So the configuration is read and the board
begun with a picture to show; only when that stands are stack, TLS and sockets imported, which is
most of a start. A registration comes later by the way of that picture over the display's bus (48 ms
of I2C, and what threads wait for each other): the rest would be done anyway. Where the handset's
parts are not there yet, what can be imported without them is (`loading.py`).

The picture is the idle screen as it is: no account is registered, the link is "starting". A key
that is pressed meanwhile waits in the event loop for the panel.
"""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config.store import ConfigError, Store
from firmware.runtime import log_ring
from firmware.runtime.loading import load_until_parts_are_there
from firmware.runtime.options import CRASH_NOTE, EXIT_AGAIN, RESET_MARK, SCRIPT, Options
from firmware.runtime.service_manager import ServiceManager, service_manager

if TYPE_CHECKING:
    from board.board import Board, Faults
    from config.configuration import Configuration
    from drivers.interfaces import Watched
    from firmware.phone.language import Language
    from firmware.phone.screen import Screen
    from firmware.runtime.application import Application

log = logging.getLogger("handset")

CLOCK = "--:--"
"""Nobody has looked at it yet."""

EXIT_USAGE = 2


async def run(options: Options, faults: Faults | None = None) -> int:
    """Run the phone until it is told to stop; return the exit status."""
    begin_log(logging.DEBUG if options.trace else logging.INFO)
    mac = options.mac or f"{uuid.getnode():012X}"
    undone = _finish_reset(options.state)
    manager = service_manager()
    try:
        store = Store(options.config, options.state, options.model, mac)
        configuration = store.read()
        await load_until_parts_are_there()
        board = None if options.board == SCRIPT else _open(options, configuration, faults)
        if board is not None:
            await board.start()
    except (ConfigError, OSError) as error:
        log.error("%s", error)
        return EXIT_USAGE
    if manager is not None:
        _say_ready(manager)
    # Loaded here: by now the first screen is on its way.
    from firmware.runtime.application import Application

    if board is not None and board.keypad.down and await _resets(board, configuration, options):
        await board.stop()
        return EXIT_AGAIN
    application = Application(options, store, configuration, mac, board, undone)
    if (options.state / CRASH_NOTE).exists():
        _tell_of_crash(application, options.state)
    try:
        return await (
            application.run() if manager is None else _supervised(application, board, manager)
        )
    finally:
        if board is not None:
            await board.stop()


def _say_ready(manager: ServiceManager) -> None:
    """Tell the service manager that the first screen stands; what hangs from now on says where."""
    import faulthandler

    faulthandler.enable(os.dup(2))
    manager.tell_loading("READY=1", "STATUS=starting")


async def _supervised(
    application: Application, board: Board | None, manager: ServiceManager
) -> int:
    """Run the phone under a service manager; return the exit status."""
    from firmware.runtime.supervision import Supervision

    def threads() -> tuple[Watched, ...]:
        parts = board.threads if board is not None else ()
        return parts if application.engine is None else (*parts, application.engine)

    async def look_after() -> None:
        await application.loaded.wait()
        supervision.start()

    supervision = Supervision(manager, application.driver, threads)
    application.watchers.overhear(supervision.take)
    running = asyncio.create_task(application.run())
    stopping = asyncio.create_task(application.stopping.wait())
    looking = asyncio.create_task(look_after())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    supervision.end(again=application.begins_again)
    try:
        return await running
    finally:
        looking.cancel()
        supervision.stop()
        manager.close()


def _tell_of_crash(application: Application, folder: Path) -> None:
    """Say how the phone ended before."""
    from firmware.runtime.crash_note import CrashNote

    note = CrashNote(folder, application.warnings.of("start"))
    application.watchers.overhear(note.take)
    note.start()


def begin_log(level: int) -> None:
    """Log to the system's journal, where that is what standard error leads to, else there.

    `sounddevice` leads descriptor 2 to nowhere while it looks for cards, which is every two seconds
    where there is none, and what was logged meanwhile was lost: standard error has another
    descriptor for the log.
    """
    logging.basicConfig(level=level, handlers=[_log_handler()])
    log_ring.begin()
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _log_handler() -> logging.Handler:
    if journal := os.environ.get("JOURNAL_STREAM"):
        from firmware.runtime.journal import JournalHandler, leads_to_journal

        with suppress(OSError):
            if leads_to_journal(2, journal):
                return JournalHandler()
    stream = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace", closefd=False)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    return handler


def _finish_reset(folder: Path) -> str:
    """Go on with a factory reset that was begun; return what is wrong."""
    if not (folder / RESET_MARK).exists():
        return ""
    from firmware.runtime.factory_reset import finish_begun

    return finish_begun(folder)


async def _resets(board: Board, configuration: Configuration, options: Options) -> bool:
    """Let a person have all forgotten who holds two keys; tell whether the phone starts anew."""
    from firmware.runtime.factory_reset import ask
    from firmware.runtime.languages import language_of
    from firmware.runtime.reset_chord import is_held

    language = language_of(configuration)
    show = partial(_show, board, language)
    if not await is_held(board.keypad, show, language):
        _show_first(board, configuration)
        return False
    log.warning("a factory reset by two keys that were held at the start")
    if problem := ask(options.state):
        _show_first(board, configuration)
    return not problem


def _open(options: Options, configuration: Configuration, faults: Faults | None) -> Board:
    """Return the board with its first picture; raise `BoardError` where there is none."""
    from board.board import open_board

    board = open_board(
        options.board,
        sound_device=str(configuration.value("sound device")),
        page_port=options.page_port,
        faults=faults,
    )
    _show_first(board, configuration)
    return board


def _show_first(board: Board, configuration: Configuration) -> None:
    from firmware.phone.link_words import link_line
    from firmware.phone.localise import localised_link
    from firmware.phone.screen import AccountLine, IdleScreen
    from firmware.runtime.languages import language_of

    language = language_of(configuration)
    names = (_name(configuration, number) for number in configuration.accounts())
    accounts = tuple(AccountLine(name, registered=False) for name in names)
    link = localised_link(link_line(None, 0.0), language)
    _show(board, language, IdleScreen(CLOCK, "", accounts, link))


def _show(board: Board, language: Language, screen: Screen) -> None:
    """Show a screen where there is no panel yet."""
    from firmware.phone.render import render
    from firmware.phone.screen import labels, lines

    image = render(screen, language, board.display.size)
    board.display.show(image, lines(screen, language), labels(screen, language))


def _name(configuration: Configuration, account: int) -> str:
    """Return what a screen calls an account, as `firmware.agent.account` does."""
    names = ("sip screen name", "sip display name", "sip user name")
    found = (str(configuration.value(name, account)) for name in names)
    return next(filter(None, found), "")
