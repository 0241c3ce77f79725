"""Reads a stream from its beginning with a processor of async-kinesis, and prints each item as one line of JSON.

It ends after the given number of items, or fails once its time is up. The list processor hands out whole lists; here
each element is an item.
"""

import asyncio
import json

from kinesis import Consumer

from interop import arguments, connection


async def consume(args):
    left = args.count
    async with Consumer(args.stream, shard_fetch_rate=5, sleep_time_no_records=0.1, **connection(args)) as consumer:
        while left > 0:
            # The iteration ends whenever the stream is idle, and can be begun again.
            async for item in consumer:
                for element in item if args.processor == "JsonListProcessor" else [item]:
                    print(json.dumps(element), flush=True)
                    left -= 1
                if left <= 0:
                    break


async def main(args):
    async with asyncio.timeout(args.seconds):
        await consume(args)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, required=True, help="items to read")
    parser.add_argument("--seconds", type=float, default=30, help="time limit")
    asyncio.run(main(parser.parse_args()))
