"""``gym import``: sends a file, shows what is in it, asks what must be known, and applies it."""

import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stack.calls import Refused, Services
from stack.failures import Failure
from stack.histories import deciding, preview, running
from stack.histories.accounts import user_id_of
from stack.histories.questions import Person, Undecided, say
from stack.histories.running import Import
from stack.printing import counted, printable

APPLICABLE = ("new", "likely_same", "changed", "deleted")


def main(amqp_uri: str, options: Namespace) -> None:
    """Import a file, or go on with an import.

    Args:
        amqp_uri: of the broker.
        options: as of :func:`stack.histories.options.of_import`.

    Raises:
        Failure: it could not be imported, or the person does not want to.
    """
    if (options.file is None) == (options.id is None):
        raise Failure("name a file, or an import to go on with (--id)")
    if options.id is not None and (options.source or options.language):
        raise Failure("--source and --language are said with the file, not with --id")
    content = running.content_of(options.file) if options.file else b""
    with Services(amqp_uri) as services:
        user_id = user_id_of(services, options.email)
        _Command(services, user_id, options).run(content)


class _Command:
    def __init__(self, services: Services, user_id: int, options: Namespace):
        self._services = services
        self._user_id = user_id
        self._options = options
        self._is_asking = sys.stdin.isatty() and not options.yes

    def run(self, content: bytes) -> None:
        said = deciding.said_mapping(self._services, self._user_id, self._options.map)
        if self._options.id is None:
            run = self._send(content)
        else:
            run = Import(self._services, self._user_id, self._options.id)
        with self._told_when_left(run):
            found = run.wait(sys.stderr)
        if found["status"] == "preview":
            print(preview.as_text(found), flush=True)
            if not any(found["counts"].get(state) for state in APPLICABLE):
                self._leave(run, found)
                return
            with self._kept_for_people(run):
                self._have_applied(run, found, said)
            with self._told_when_left(run):
                found = run.wait(sys.stderr)
        self._tell(run, found)

    def _send(self, content: bytes) -> Import:
        options = deciding.given(self._options, *deciding.GIVEN)
        options["name"] = Path(self._options.file).name[-255:]
        run = running.begin(self._services, self._user_id, options)
        with self._deleted_if_left(run):
            run.send(content, sys.stderr)
        return run

    def _leave(self, run: Import, found: dict[str, Any]) -> None:
        self._delete(run)
        if found["fault_count"]:
            raise Failure("nothing was imported, as no line without a fault is new")
        print("Nothing in it is new.")

    def _have_applied(self, run: Import, found: dict[str, Any], said: dict[str, int | str]) -> None:
        """Have an import applied that is at its preview, once all is known that it needs."""
        if found["error"]:
            say(f"It was not applied: {printable(found['error']['message'])}")
        undecided = Undecided()
        person = Person(self._services, self._user_id)
        asker = person if self._is_asking else undecided
        how = deciding.how_to_apply(found, self._options, asker)
        if how.get("faulty") == "refuse":
            raise Failure("nothing was imported, as lines have faults")
        mapping = deciding.mapping_of(found, self._options, said, asker)
        if undecided.lines:
            undecided.fail()
        if self._is_asking and not person.confirm("Import this?"):
            raise Failure("nothing was imported")
        if mapping:
            run.call("map_import", mapping)
        run.call("apply_import", how)

    def _tell(self, run: Import, found: dict[str, Any]) -> None:
        status, error = found["status"], found["error"]
        if status == "failed":
            raise Failure(self._why_not(run, found))
        if status == "preview":
            raise Failure(
                f"not all was imported: {printable(error['message'])}; {self._again(run)} goes on"
            )
        if status == "applied":
            updated = f", and changed {found['updated']:,}" if found["updated"] else ""
            print(f"Added {counted(found['added'], 'workout')}{updated}.")
            print(f"In ./gym shell, {_call('undo_import', run)} takes them out again.")
        else:
            print(f"The import is {status}.")

    def _why_not(self, run: Import, found: dict[str, Any]) -> str:
        reason = preview.finding(found["error"])
        if not found["added"] and not found["updated"]:
            with suppress(Failure):
                run.call("delete_import")
                return f"the file can't be imported: {reason}"
        written = counted(found["added"] + found["updated"], "workout")
        return (
            f"not all was imported: {reason}; {written} of it came in, and in ./gym shell "
            f"{_call('undo_import', run)} takes out again what did"
        )

    @contextmanager
    def _deleted_if_left(self, run: Import) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._delete(run)
            raise

    @contextmanager
    def _kept_for_people(self, run: Import) -> Iterator[None]:
        """Say how to go on with an import that a person leaves; a script begins again."""
        try:
            yield
        except BaseException as problem:
            if self._is_asking or self._options.id is not None:
                hint = f"it waits as import {run.id}; {self._again(run)} goes on with it"
                if not isinstance(problem, Failure):
                    say(f"\n{hint[0].upper()}{hint[1:]}.")
                    raise
                raise Failure(f"{problem}{_joined(problem)}{hint}") from None
            self._delete(run)
            raise

    @contextmanager
    def _told_when_left(self, run: Import) -> Iterator[None]:
        hint = f"the import goes on in the background; {self._again(run)} shows how far it is"
        try:
            yield
        except KeyboardInterrupt:
            say(f"{hint[0].upper()}{hint[1:]}.")
            raise
        except Refused:
            raise
        except Failure as problem:
            raise Failure(f"{problem}; {hint}") from None

    def _delete(self, run: Import) -> None:
        # Ctrl-C may have come while an answer was due
        self._services.disconnect()
        with suppress(Failure):
            run.call("delete_import")

    def _again(self, run: Import) -> str:
        return f"./gym import --id {run.id} --email {shlex.quote(self._options.email)}"


def _joined(problem: Failure) -> str:
    return "\n" if "\n" in str(problem) else "; "


def _call(method: str, run: Import) -> str:
    return f"n.rpc.workouts.{method}({run.user_id}, {run.id})"
