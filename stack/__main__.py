"""``python -m stack``: the commands of ``gym``."""

import sys

from stack.commands import main

sys.exit(main(sys.argv[1:]))
