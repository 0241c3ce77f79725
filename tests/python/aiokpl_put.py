"""Puts user records into a stream with the producer of aiokpl, which aggregates those of one shard.

Each line of JSON on standard input is a user record, and each line on standard output where it landed:

    {"key": "k", "hash": "7", "data": "<base64>"}   ->  {"shard": "shardId-...", "sequence": "..."}
"""

import argparse
import asyncio
import json
import sys
from base64 import b64decode

from aiokpl import Config, Producer

REGION = "us-east-1"


async def put(args, users):
    config = Config(
        region=REGION,
        endpoint_url=args.endpoint,
        aws_access_key_id="AKIDHEADWATER",
        aws_secret_access_key="headwater",
        aggregation_max_count=args.users,
    )
    async with Producer(config) as producer:
        outcomes = []
        for user in users:
            outcome = await producer.put_record(
                stream=args.stream,
                partition_key=user["key"],
                explicit_hash_key=user["hash"],
                data=b64decode(user["data"]),
            )
            outcomes.append(outcome)
        await producer.flush()
        for outcome in outcomes:
            result = await outcome.wait()
            if not result.success:
                raise RuntimeError(f"not stored: {result}")
            print(json.dumps({"shard": result.shard_id, "sequence": result.sequence_number}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", required=True, help="URL of a Kinesis server")
    parser.add_argument("--stream", required=True, help="name of a stream that exists")
    parser.add_argument("--users", type=int, required=True, help="most user records of an aggregate")
    asyncio.run(put(parser.parse_args(), [json.loads(line) for line in sys.stdin]))
