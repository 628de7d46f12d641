"""What many idle streams of server-sent events cost the gateway: memory, and the time of reads."""

import argparse
import socket
import sys
import time
from contextlib import closing
from urllib.parse import urlsplit

from benchmarks.crowd import gather, register
from benchmarks.quick import IN_EARNEST, measure
from benchmarks.scenarios import SCENARIOS
from benchmarks.usage import Usage
from stack.demo import Api
from stack.failures import Failure
from stack.progress import for_people
from stack.testing import running_system

STREAMS = 2000
OF_A_USER = 5
READS = "workouts"
# all connections come from one address, and passwords are none of what is measured
SETTINGS = IN_EARNEST | {
    "TRUSTED_PROXIES": "127.0.0.0/8",
    "GYM_ENV": "development",
    "BCRYPT_COST": "4",
}
OPENING_SECONDS = 10


def main() -> int:
    """Measure with and without streams, and print both."""
    parser = argparse.ArgumentParser(prog="benchmarks.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--seconds", type=float, default=4.0, help="of reads, each time")
    options = parser.parse_args()
    progress = for_people()
    with running_system(settings=SETTINGS, throwaway=False) as system:
        usage = Usage(system)
        crowd = gather(system.url)
        before = measure(SCENARIOS[READS], crowd, usage, options.seconds)
        memory = usage.memory_mib()["gateway"]
        with progress.step(f"Opening {options.streams} streams"):
            opened = open_streams(system.url, options.streams)
        usage.settle()
        idle = usage.cpu_seconds()["gateway"]
        time.sleep(options.seconds)
        idle = (usage.cpu_seconds()["gateway"] - idle) / options.seconds
        after = measure(SCENARIOS[READS], crowd, usage, options.seconds)
        grown = usage.memory_mib()["gateway"] - memory
        for stream in opened:
            stream.close()
    print(f"{options.streams} streams: {grown:.0f} MiB more in the gateway")
    print(f"its processor while they idle: {idle * 100:.1f} % of a core")
    for words, line in (("without", before), ("with", after)):
        outcome = line.outcome
        rate = outcome.answers / outcome.seconds
        print(f"{words}: {rate:.0f} reads/s, p50 {outcome.p50:.2f} ms, p99 {outcome.p99:.2f} ms")
    return bool(before.outcome.errors or after.outcome.errors)


def open_streams(url: str, number: int) -> list[socket.socket]:
    """Open streams, a few for each of many new users."""
    opened = []
    with closing(Api(url)) as api:
        while len(opened) < number:
            token = register(api, 0).token
            for _ in range(min(OF_A_USER, number - len(opened))):
                opened.append(_open(url, token))
    return opened


def _open(url: str, token: str) -> socket.socket:
    parts = urlsplit(url)
    stream = socket.create_connection((parts.hostname, parts.port), OPENING_SECONDS)
    head = f"GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    stream.sendall(head.encode())
    received = b""
    while b"event: change" not in received:
        piece = stream.recv(4096)
        if not piece or b" 200 OK" not in (received + piece):
            raise Failure(f"no stream was opened: {received + piece!r}")
        received += piece
    return stream


if __name__ == "__main__":
    sys.exit(main())
