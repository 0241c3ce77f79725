"""Does steps of async-kinesis' checkpointer in Redis, each a line such as "checkpoint shardId-000000000000 42"."""

import argparse
import asyncio
import os
import sys

from kinesis import RedisCheckPointer


async def main(args: argparse.Namespace) -> None:
    os.environ["REDIS_HOST"] = "127.0.0.1"
    os.environ["REDIS_PORT"] = args.port
    checkpointer = RedisCheckPointer(args.name, id=7, is_cluster=args.cluster)
    for line in sys.stdin.read().splitlines():
        step, *rest = line.split()
        await getattr(checkpointer, step)(*rest)
    # Not closed, as if it were killed: closing would give all shards back.


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--cluster", action="store_true")
    asyncio.run(main(parser.parse_args()))
