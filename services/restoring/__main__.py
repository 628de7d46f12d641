"""The command: ``python -m services.restoring check|begin|finish SERVICE …``."""

import argparse
import sys

from services.migrate import NAMES
from services.observability import logging
from services.process.settings import CannotStart, Settings
from services.restoring import emptying, finishing


def main(arguments: list[str] | None = None) -> int:
    """Do as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services.restoring", description=__doc__)
    parser.add_argument("step", choices=["check", "begin", "finish"])
    parser.add_argument("services", nargs="+", choices=NAMES, metavar="SERVICE")
    parser.add_argument("--replace", action="store_true", help="delete what is in them (begin)")
    parser.add_argument("--sign-out", action="store_true", help="end all sessions (finish)")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.from_environment(service="restoring")
        logging.configure(settings, "restoring")
        addresses = {name: settings.databases[name] for name in options.services}
        if options.step == "check":
            emptying.check(addresses, options.replace)
        elif options.step == "begin":
            emptying.empty(addresses, options.replace)
        else:
            finishing.finish(addresses, settings, options.sign_out)
    except CannotStart as problem:
        # logging has made sys.stderr write log lines
        print(problem, file=sys.__stderr__)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
