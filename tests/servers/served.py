"""What the programs that serve a checkpoint store have in common: a port to listen on, and an end."""

import contextlib
import os
import random
import shutil
import socket
import sys
import threading

# Below the ports that systems give to outgoing connections, one of which could otherwise take the port of a server that
# is stopped for a while.
PORTS = range(20000, 32000)


def port(wanted):
    """The port that is wanted, or a free one of loopback where that is 0."""
    while not wanted:
        candidate = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
                wanted = candidate
            except OSError:
                pass
    return wanted


def listening(asked, taken):
    """Tells the test process of a port that is listened on."""
    print(f"headwater: {asked} {taken}", flush=True)


def wait_for_the_end():
    """Waits until the test process is gone, which holds the other end of standard input, or until it sends a word: then
    it wants an end in order, and what is stored kept. Tells which it is.
    """
    return bool(sys.stdin.buffer.readline())


def forget(folder):
    """Removes what a server stored, and the folder around it once no other server of the test stores in there."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(folder))


def end_with_the_tests(folder, end_in_order):
    """Ends this process once the test process is gone, or wants it: in order, so that it has stored all that it answered,
    or else with all that it stored.
    """

    def end():
        if wait_for_the_end():
            end_in_order()
        else:
            forget(folder)
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
