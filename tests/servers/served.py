"""What the programs that serve a checkpoint store have in common: a port to listen on, and an end."""

import contextlib
import fcntl
import os
import random
import shutil
import socket
import sys
import tempfile
import threading

# Below the ports that systems give to outgoing connections, one of which could otherwise take the port of a server that
# is stopped for a while.
PORTS = range(20000, 32000)


def claim(candidate):
    """Tells whether a port is nobody's who chose one as this program does: it is claimed until this process, or the
    server that it becomes, has ended. Between a look at a port and the moment that a server listens on it there is time
    enough for another to find it free.
    """
    claims = os.path.join(tempfile.gettempdir(), "headwater-ports")
    os.makedirs(claims, exist_ok=True)
    claim = os.open(os.path.join(claims, str(candidate)), os.O_CREAT | os.O_RDWR, 0o666)
    os.set_inheritable(claim, True)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        return False
    return True


def port(wanted):
    """The port that is wanted, or a free one of loopback where that is 0."""
    while not wanted:
        candidate = random.choice(PORTS)
        if not claim(candidate):
            continue
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
