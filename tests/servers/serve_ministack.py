"""Serves ministack as a test needs it, where its own command takes a fixed port and outlives whoever started it.

1. It listens on loopback, on a port that the system picks, and prints the pair `asked taken`, because a port that was
   free a moment ago may be gone by the time that a slow server binds it.
2. It ends when its standard input does. The test process holds the other end of that pipe, so no server outlives its
   tests, however they end.
"""

import asyncio
import os
import socket
import sys
import threading


def end_with_standard_input():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
asked, taken = sys.argv[1], listener.getsockname()[1]

# ministack reads its settings once, when it is imported.
os.environ.update(BIND_HOST="127.0.0.1", GATEWAY_PORT=str(taken), SERVICES="kinesis", LOG_LEVEL="WARNING")

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.keep_alive_timeout = 75
config.loglevel = "WARNING"
print(f"headwater: {asked} {taken}", flush=True)
asyncio.run(serve(app, config))
