"""Puts each line of JSON on standard input into a stream, with a processor of async-kinesis.

A KPL processor writes an aggregate of a single item as a plain record, which its own consumer cannot read: give it
two items or more.
"""

import asyncio
import json
import sys

from kinesis import Producer

from interop import arguments, connection


async def produce(args, items):
    async with Producer(args.stream, buffer_time=0.1, **connection(args)) as producer:
        for item in items:
            await producer.put(item)


if __name__ == "__main__":
    args = arguments(__doc__).parse_args()
    asyncio.run(produce(args, [json.loads(line) for line in sys.stdin if line.strip()]))
