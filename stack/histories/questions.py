"""What a person is asked at a terminal before an import is applied, or has to say by options."""

import shlex
import sys
from typing import Any, NoReturn, Protocol
from zoneinfo import available_timezones

from stack.calls import Refused, Services
from stack.failures import Failure
from stack.histories.preview import choices
from stack.printing import counted, printable

NEW = "new"
YES = ("", "y", "yes")
MOST_FOUND = 10


class Asker(Protocol):
    """Answers what an import needs to know."""

    def choice(self, option: str, text: str, allowed: list[str]) -> str:
        """Return one of some words."""

    def time_zone(self) -> str:
        """Return the zone in which the workouts were."""

    def exercise(self, name: dict[str, Any]) -> int | str:
        """Return the id of the exercise that a name is, or :data:`NEW`."""


class Undecided:
    """Asks nobody, and notes what should have been asked."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def choice(self, option: str, text: str, allowed: list[str]) -> str:
        """Note the option."""
        self.lines.append(f"  {option} {'|'.join(allowed)}   {text}")
        return ""

    def time_zone(self) -> str:
        """Note the option."""
        self.lines.append("  --time-zone ZONE   where the workouts were, such as Europe/Berlin")
        return ""

    def exercise(self, name: dict[str, Any]) -> int | str:
        """Note the name."""
        likely = choices(name) or "nothing like it is there"
        self.lines.append(f"  --map {shlex.quote(printable(name['name']) + '=')}   {likely}")
        return ""

    def fail(self) -> NoReturn:
        """Say what must be decided."""
        more = ""
        if any(line.startswith("  --map") for line in self.lines):
            more = "\n  --new-for-unknown makes private exercises of all such names"
        listed = "\n".join(self.lines)
        raise Failure(f"nothing was imported; these options decide what is open:\n{listed}{more}")


class Person:
    """Asks at the terminal.

    Args:
        services: where exercises are searched.
        user_id: whose exercises.
    """

    def __init__(self, services: Services, user_id: int):
        self._services = services
        self._user_id = user_id

    def choice(self, option: str, text: str, allowed: list[str]) -> str:
        """Ask until it is one of them."""
        while True:
            given = answer(f"{text[0].upper()}{text[1:]} ({'/'.join(allowed)})? ").lower()
            if given in allowed:
                return given

    def time_zone(self) -> str:
        """Ask until there is such a zone."""
        while True:
            given = answer("In which time zone were the workouts, such as Europe/Berlin? ")
            if given in available_timezones():
                return given
            if given:
                say(f"There is no time zone {printable(given)}.")

    def exercise(self, name: dict[str, Any]) -> int | str:
        """Offer what comes near, a search and a new exercise until one is chosen."""
        say(f"\n{printable(name['name'])} ({counted(name['sets'], 'set')}) is")
        offered = name["choices"]
        while True:
            for number, each in enumerate(offered, 1):
                say(f"  {number}  {printable(each['name'])}")
            say(f"  n  a new exercise ({name['measure']})")
            given = answer("Number, n, or words to search for: ")
            if given.lower() == "n":
                return NEW
            if given.isdecimal():
                if 1 <= int(given) <= len(offered):
                    chosen: int = offered[int(given) - 1]["id"]
                    return chosen
            elif given:
                offered = self._search(given) or offered

    def confirm(self, text: str) -> bool:
        """Return whether the answer is yes, which a line without a word is, too."""
        return answer(f"{text} [Y/n] ").lower() in YES

    def _search(self, words: str) -> list[dict[str, Any]]:
        try:
            found = self._services.call(
                "exercises", "search", words, user_id=self._user_id, limit=MOST_FOUND
            )["items"]
        except Refused as problem:
            say(str(problem))
            return []
        if not found:
            say("Nothing is found.")
        return [{"id": each["id"], "name": each["name"]} for each in found]


def answer(question: str) -> str:
    """Ask, and return the answer; standard output may be a file.

    Raises:
        Failure: the input has ended.
    """
    print(question, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        raise Failure("nothing was imported, as the input has ended")
    return line.strip()


def say(text: str) -> None:
    """Show a line where questions are shown."""
    print(text, file=sys.stderr)
