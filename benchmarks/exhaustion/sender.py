"""Sends what an attacker sends, over bare connections.

Usage: ``python -m benchmarks.exhaustion.sender``. The first line of its input is a plan in JSON; it
prints ``ready``, begins at the second line, and prints what came of it in JSON.

It stands for another machine, so it is a process of its own that takes the processor only when
nobody else wants it, with nothing but the standard library.
"""

import asyncio
import json
import os
import resource
import select
import socket
import sys
import time
from collections import deque

LOWEST_PRIORITY = 19
ANSWER_SECONDS = 20
LARGEST_HEAD = 1 << 20
LARGEST_READ_CLOSELY = 1 << 20
OPENED_AT_ONCE, OPENED_AGAIN_AT_ONCE = 50, 2
OPENED_EVERY_SECONDS = 0.02

SMALL_WINDOW = 4096
BROKEN = 0
"""In place of a status: the connection was refused, closed or silent."""


class Asking:
    """Sends requests at some rate, whether those before were answered or not.

    Args:
        plan: ``messages``, ``order`` (their indexes, one a request), ``addresses`` that they come
            from in turn, ``rate`` a second (0: all at once), of which ``together`` at the same
            moment, over ``connections`` at the most.
    """

    def __init__(self, plan: dict):
        self.plan = plan
        self.messages = [message.encode("latin-1") for message in plan["messages"]]
        self.idle: dict[str, deque] = {address: deque() for address in plan["addresses"]}
        self.answers: list[dict] = []

    async def run(self) -> dict:
        """Send everything, and return the answers."""
        free = asyncio.Semaphore(self.plan["connections"])
        begun, together = time.monotonic(), self.plan["together"]
        asked = []
        for number, index in enumerate(self.plan["order"]):
            if self.plan["rate"]:
                due = begun + number // together * together / self.plan["rate"]
                await asyncio.sleep(due - time.monotonic())
            await free.acquire()
            address = self.plan["addresses"][number % len(self.plan["addresses"])]
            asked.append(asyncio.create_task(self._ask(self.messages[index], address, free)))
        await asyncio.gather(*asked)
        return {"answers": self.answers, "seconds": time.monotonic() - begun}

    async def _ask(self, message: bytes, address: str, free: asyncio.Semaphore) -> None:
        begun = time.monotonic()
        try:
            answer = await asyncio.wait_for(self._exchange(message, address), ANSWER_SECONDS)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError) as problem:
            answer = {"status": BROKEN, "code": type(problem).__name__}
        finally:
            free.release()
        self.answers.append(answer | {"seconds": time.monotonic() - begun})

    async def _exchange(self, message: bytes, address: str) -> dict:
        idle = self.idle[address]
        reader, writer = idle.pop() if idle else await self._connect(address)
        try:
            writer.write(message)
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
        except BaseException:
            writer.close()
            raise
        if b"\r\nconnection: close\r\n" in head.lower():
            writer.close()
        else:
            idle.append((reader, writer))
        return _summary(head, body)

    async def _connect(self, address: str) -> tuple:
        return await asyncio.open_connection(
            self.plan["host"], self.plan["port"], local_addr=(address, 0), limit=LARGEST_HEAD
        )


class Holding:
    """Opens connections, sends a little on each, reads nothing, and keeps them.

    Args:
        plan: ``messages`` (in turn, one a connection), ``addresses``, ``connections``,
            ``seconds`` to keep them, ``again``: whether one that was closed is opened again.
    """

    def __init__(self, plan: dict):
        self.plan = plan
        self.poll = select.poll()
        self.open: dict[int, socket.socket] = {}
        self.opened = self.closed = 0

    async def run(self) -> dict:
        """Hold, and return how it went."""
        end = time.monotonic() + self.plan["seconds"]
        while time.monotonic() < end:
            for _ in range(self._missing()):
                self._open()
            self._drop_closed()
            await asyncio.sleep(OPENED_EVERY_SECONDS)
        held = len(self.open)
        for sock in self.open.values():
            sock.close()
        return {"opened": self.opened, "closed": self.closed, "held": held}

    def _missing(self) -> int:
        new = self.plan["connections"] - self.opened
        if new > 0:
            return min(new, OPENED_AT_ONCE)
        if not self.plan["again"]:
            return 0
        return min(self.plan["connections"] - len(self.open), OPENED_AGAIN_AT_ONCE)

    def _open(self) -> None:
        address = self.plan["addresses"][self.opened % len(self.plan["addresses"])]
        message = self.plan["messages"][self.opened % len(self.plan["messages"])]
        self.opened += 1
        sock = socket.socket()
        # before it connects, or the kernel reads what we don't
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
        sock.settimeout(1)
        try:
            sock.bind((address, 0))
            sock.connect((self.plan["host"], self.plan["port"]))
            sock.sendall(message.encode("latin-1"))
        except OSError:
            self.closed += 1
            sock.close()
            return
        self.open[sock.fileno()] = sock
        self.poll.register(sock, select.POLLRDHUP)

    def _drop_closed(self) -> None:
        for descriptor, _ in self.poll.poll(0):
            self.poll.unregister(descriptor)
            self.open.pop(descriptor).close()
            self.closed += 1


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _summary(head: bytes, body: bytes) -> dict:
    status, size = int(head.split(b" ", 2)[1]), len(head) + len(body)
    if len(body) > LARGEST_READ_CLOSELY:
        return {"status": status, "size": size, "faults": body.count(b'"message":')}
    try:
        faults = json.loads(body).get("errors", [])
    except (ValueError, AttributeError):
        return {"status": status, "size": size}
    first = faults[0] if faults else {}
    told = {key: first[key] for key in ("code", "field") if key in first}
    return {"status": status, "size": size, "faults": len(faults), **told}


def main() -> None:
    """Do what the plan says."""
    os.nice(LOWEST_PRIORITY)
    plan = json.loads(sys.stdin.readline())
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    attack = Holding(plan) if "seconds" in plan else Asking(plan)
    print("ready", flush=True)
    if sys.stdin.readline():
        print(json.dumps(asyncio.run(attack.run())), flush=True)


if __name__ == "__main__":
    main()
