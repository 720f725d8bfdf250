"""Loaded into a process that is to be hurt: counts what it does to the outside, and dies or errs where it is told to.

Nothing of it is in the product. A control file says what happens; it is read again whenever it was replaced.
"""

from __future__ import annotations

import json
import os
import random
import signal
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import httpx
import psycopg
from kombu.message import Message
from psycopg.pq import TransactionStatus

OUTSIDE = ("heartbeat", "lease-")  # threads whose beat would make a count differ from run to run
CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{}'; END $$"
CODES = ("40001", "40P01")


@dataclass(frozen=True, slots=True)
class Control:
    """What is to go wrong; without a value nothing does. `kinds` are the points that count."""

    die_at: int = 0
    chance: float = 0.0  # of dying at a point
    kinds: tuple[str, ...] = ("sql", "commit", "http", "mail", "ack")
    once: bool = False  # one process of several dies, and only once
    conflicts: float = 0.0  # share of transactions that end in a serialisation failure or a deadlock
    unheard: float = 0.0  # share of commits whose success is not heard of
    rewrite: tuple[tuple[str, str], ...] = ()  # words of statements and what stands there instead: sabotage
    seed: int = 0

    def write(self, path: Path) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)


@dataclass
class Agent:
    """The one in this process who looks at the control file and carries out what it says."""

    path: Path
    control: Control = field(default_factory=Control)
    read_at: int = -1
    passed: int = 0
    dice: random.Random = field(default_factory=random.Random)
    doomed: WeakKeyDictionary[Any, int] = field(default_factory=WeakKeyDictionary)

    def look(self) -> Control:
        try:
            changed = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            changed = 0
        if changed != self.read_at:
            given = json.loads(self.path.read_text()) if changed else {}
            given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
            self.control, self.read_at, self.passed = Control(**given), changed, 0
            self.dice = random.Random(f"{self.control.seed} {os.getpid()}")
        return self.control

    def point(self, kind: str) -> None:
        """Something reached the outside; perhaps it was the last thing that this process did."""
        control = self.look()
        if kind not in control.kinds or threading.current_thread().name.startswith(OUTSIDE):
            return
        self.passed += 1
        if self.passed == control.die_at or self.dice.random() < control.chance:
            self._die(kind)

    def _die(self, kind: str) -> None:
        if self.control.once:
            try:
                self.path.unlink()
            except FileNotFoundError:
                return
        self.tell(kind)
        os.kill(os.getpid(), signal.SIGKILL)

    def tell(self, what: str) -> None:
        """Let the harness know what was done."""
        with self.path.with_suffix(".done").open("a") as done:
            done.write(f"{what}\n")

    def conflict(self, connection: psycopg.Connection[Any], *, ending: bool = False) -> None:
        """Let PostgreSQL itself refuse the doomed transactions, each at a statement of its own or at its end."""
        if not self.look().conflicts:
            return
        if connection.info.transaction_status == TransactionStatus.IDLE:
            self.doomed.pop(connection, None)
            if not connection.autocommit and self.dice.random() < self.control.conflicts:
                self.doomed[connection] = self.dice.randrange(6)
        left = self.doomed.get(connection)
        if left is None:
            return
        self.doomed[connection] = left - 1
        if left == 0 or ending:
            del self.doomed[connection]
            self.tell("conflict")
            with psycopg.Cursor(connection) as cursor:
                _execute(cursor, CONFLICT.format(self.dice.choice(CODES)).encode())

    def unheard(self, connection: psycopg.Connection[Any]) -> None:
        """The commit is done, and the line breaks before the client hears of it."""
        if self.look().unheard and self.dice.random() < self.control.unheard:
            self.tell("unheard")
            connection.close()
            raise psycopg.OperationalError("the connection was cut behind a commit")

    def sabotaged(self, query: Any) -> Any:
        for words, instead in self.look().rewrite:
            if isinstance(query, str) and words in query:
                query = query.replace(words, instead)
        return query


_execute = psycopg.Cursor.execute


def install(path: Path) -> Agent:
    """Stand behind every statement, commit, copy, request, mail and acknowledgement of this process."""
    agent = Agent(path)
    commit, copy = psycopg.Connection.commit, psycopg.Cursor.copy

    def executing(cursor: Any, query: Any, *args: Any, **more: Any) -> Any:
        agent.conflict(cursor.connection)
        done = _execute(cursor, agent.sabotaged(query), *args, **more)
        agent.point("sql")
        return done

    def committing(connection: Any) -> None:
        agent.point("ending")
        agent.conflict(connection, ending=True)
        commit(connection)
        agent.point("commit")
        agent.unheard(connection)

    @contextmanager
    def copying(cursor: Any, *args: Any, **more: Any) -> Iterator[Any]:
        with copy(cursor, *args, **more) as under_way:
            yield under_way
        agent.point("sql")

    _put(psycopg.Cursor, "execute", executing)
    _put(psycopg.Cursor, "copy", copying)
    _put(psycopg.Connection, "commit", committing)
    _put(httpx.Client, "send", _followed(agent, "http", httpx.Client.send))
    _put(smtplib.SMTP, "sendmail", _followed(agent, "mail", smtplib.SMTP.sendmail))
    _put(Message, "ack", _followed(agent, "ack", Message.ack, before=True))
    return agent


def _followed(agent: Agent, kind: str, function: Callable[..., Any], before: bool = False) -> Callable[..., Any]:
    def call(*args: Any, **more: Any) -> Any:
        if before:
            agent.point(kind)
        answer = function(*args, **more)
        agent.point(kind)
        return answer

    return call


def _put(owner: type, name: str, function: Callable[..., Any]) -> None:
    setattr(owner, name, function)
