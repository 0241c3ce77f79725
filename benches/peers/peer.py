"""Sends or reads orders with a Python client, and prints what that cost its process in a line of JSON.

The orders are lines of JSON in a file; they are taken in turn, each as often as its turn comes. Clients have the
settings of their documentation, but for limits: the server has none, so that these are as high as they go.
"""

import argparse
import asyncio
import json
import time

REGION = "us-east-1"
KEYS = [f"customer-{n}" for n in range(5000)]
UNLIMITED = 10**9


class Boto3:
    def __init__(self, args):
        import boto3

        self.args = args
        self.client = boto3.client("kinesis", endpoint_url=args.endpoint, region_name=REGION)

    def put(self, orders):
        for first in range(0, self.args.records, 500):
            entries = [
                {"Data": json.dumps(orders[n % len(orders)]).encode(), "PartitionKey": KEYS[n % len(KEYS)]}
                for n in range(first, min(first + 500, self.args.records))
            ]
            answer = self.client.put_records(StreamName=self.args.stream, Records=entries)
            assert answer["FailedRecordCount"] == 0

    def get(self):
        count = 0
        for shard in self.client.list_shards(StreamName=self.args.stream)["Shards"]:
            iterator = self.client.get_shard_iterator(
                StreamName=self.args.stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while True:
                page = self.client.get_records(ShardIterator=iterator, Limit=10000)
                iterator = page["NextShardIterator"]
                if not page["Records"] and page["MillisBehindLatest"] == 0:
                    break
                for record in page["Records"]:
                    json.loads(record["Data"])
                    count += 1
        return count


class AsyncKinesis:
    def __init__(self, args):
        from kinesis import processors

        self.args = args
        self.processor = getattr(processors, args.processor)()

    def put(self, orders):
        asyncio.run(self.put_all(orders))

    async def put_all(self, orders):
        from kinesis import Producer

        text = "String" in self.args.processor
        items = [json.dumps(order) for order in orders] if text else orders
        async with Producer(
            self.args.stream,
            endpoint_url=self.args.endpoint,
            region_name=REGION,
            processor=self.processor,
            put_rate_limit_per_shard=UNLIMITED,
            put_bandwidth_limit_per_shard=UNLIMITED,
        ) as producer:
            for n in range(self.args.records):
                await producer.put(items[n % len(items)])
            await producer.flush()

    def get(self):
        return asyncio.run(self.get_all())

    async def get_all(self):
        from kinesis import Consumer

        count = 0
        async with Consumer(
            self.args.stream,
            endpoint_url=self.args.endpoint,
            region_name=REGION,
            processor=self.processor,
            shard_fetch_rate=1000,
            sleep_time_no_records=0.1,
        ) as consumer:
            while count < self.args.records:
                # The iteration ends whenever the stream is idle, and can be begun again.
                async for item in consumer:
                    count += len(item) if self.args.processor == "JsonListProcessor" else 1
                    if count >= self.args.records:
                        break
        return count


class AioKpl:
    def __init__(self, args):
        self.args = args

    def put(self, orders):
        asyncio.run(self.put_all(orders))

    async def put_all(self, orders):
        from aiokpl import Config, Producer

        config = Config(
            region=REGION,
            endpoint_url=self.args.endpoint,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="example",
            rate_limit_records_per_sec_per_shard=UNLIMITED,
            rate_limit_bytes_per_sec_per_shard=UNLIMITED,
        )
        async with Producer(config) as producer:
            outcomes = []
            for n in range(self.args.records):
                data = json.dumps(orders[n % len(orders)]).encode()
                key = KEYS[n % len(KEYS)]
                outcomes.append(await producer.put_record(stream=self.args.stream, partition_key=key, data=data))
            await producer.flush()
            for outcome in outcomes:
                assert (await outcome.wait()).success

    def get(self):
        raise SystemExit("aiokpl does not read")


CLIENTS = {"boto3": Boto3, "async-kinesis": AsyncKinesis, "aiokpl": AioKpl}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", choices=CLIENTS, required=True)
    parser.add_argument("--job", choices=["put", "get"], required=True)
    parser.add_argument("--processor", default="JsonProcessor", help="one of async-kinesis")
    parser.add_argument("--endpoint", required=True, help="URL of a Kinesis server")
    parser.add_argument("--stream", required=True, help="name of a stream that exists")
    parser.add_argument("--records", type=int, required=True, help="how many orders")
    parser.add_argument("--orders", required=True, help="file of orders")
    args = parser.parse_args()
    with open(args.orders, encoding="utf-8") as lines:
        orders = [json.loads(line) for line in lines]
    client = CLIENTS[args.client](args)
    wall, cpu = time.monotonic(), time.process_time()
    count = client.put(orders) or args.records if args.job == "put" else client.get()
    cost = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.monotonic() - wall}
    assert count == args.records, f"{count} of {args.records}"
    print(json.dumps(cost))


if __name__ == "__main__":
    main()
