"""``gym restore``: replaces all databases by a backup, while no service runs."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from stack.backups import manifest, queues
from stack.backups.databases import program, run, server_version, variables
from stack.backups.manifest import Dump, Manifest
from stack.failures import Failure
from stack.layout import DATABASE_OF
from stack.progress import Progress

MODULE = "services.restoring"
AGAIN = "no service starts on these databases until a restore is complete: run it again"


def restore(
    environment: Mapping[str, str],
    directory: Path,
    progress: Progress,
    replace: bool = False,
    sign_out: bool = False,
    stop: Callable[[], None] = lambda: None,
) -> None:
    """Put a backup in the place of what the databases have.

    Broken off at any point it can be begun again; until one is complete no service starts.

    Args:
        environment: has the addresses of all servers.
        directory: of the backup.
        progress: shows the steps.
        replace: whether what is in the databases may be deleted.
        sign_out: whether all sessions end.
        stop: stops the services; called when all has been checked that can be before.

    Raises:
        Failure: the backup is damaged, incomplete or newer; or a database is not empty or in use,
            or a server does not answer.
    """
    found = _check(environment, directory, replace, progress)
    stop()
    with progress.step("Emptying the databases") as step:
        run(_command("begin", replace=replace), environment, step)
    try:
        for service, dump in found.dumps.items():
            _copy(service, dump, environment, directory, progress)
        with progress.step("Finishing") as step:
            queues.empty(environment["AMQP_URI"])
            run(_command("finish", sign_out=sign_out), environment, step)
    except Failure as failure:
        raise Failure(f"{failure}\n{AGAIN}") from None


def _check(
    environment: Mapping[str, str], directory: Path, replace: bool, progress: Progress
) -> Manifest:
    if not environment.get("AMQP_URI"):
        raise Failure("AMQP_URI must be set: what waits in its queues may be of what is lost")
    found = manifest.read(directory)
    with progress.step("Checking the backup"):
        manifest.check(directory, found)
        for service, dump in found.dumps.items():
            server = server_version(service, environment)
            if server < dump.postgresql:
                raise Failure(
                    f"{dump.file} was written by PostgreSQL {dump.postgresql}, "
                    f"the server of {service} is {server}"
                )
            program("pg_restore", server)
    with progress.step("Checking the databases") as step:
        run(_command("check", replace=replace), environment, step)
    return found


def _copy(
    service: str, dump: Dump, environment: Mapping[str, str], directory: Path, progress: Progress
) -> None:
    where = variables(service, environment)
    command: list[str | Path] = [
        program("pg_restore", server_version(service, environment)),
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        f"--dbname={where['PGDATABASE']}",
        (directory / dump.file).absolute(),
    ]
    with progress.step(f"Restoring {where['PGDATABASE']}") as step:
        run(command, where, step, f"{where['PGDATABASE']} can't be restored")


def _command(step: str, **options: bool) -> list[str]:
    given = [f"--{name.replace('_', '-')}" for name, is_given in options.items() if is_given]
    return [sys.executable, "-m", MODULE, step, *DATABASE_OF, *given]
