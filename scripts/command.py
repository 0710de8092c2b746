"""How every command of this folder ends, whatever stops it."""

import os
import sys
from collections.abc import Callable


def run(main: Callable[[], int]) -> None:
    """Run a command and exit with its status; an interruption is a sentence, not a traceback.

    Exits with 130 after Ctrl-C, and with 141 where the reader of the output has gone away, as
    programs under a Unix shell do.
    """
    try:
        status = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        # Nothing more can be written; keep the interpreter from trying at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)
