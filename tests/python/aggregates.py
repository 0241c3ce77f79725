"""Makes KPL aggregates and takes them apart, with one of the packages that do.

Each line of JSON on standard input is a piece of work, and each line on standard output its answer:

    {"records": [{"key": "k", "hash": "7", "data": "<base64>"}, ...]}   ->  {"record": "<base64>"}
    {"record": "<base64>"}  ->  {"records": [...]}, {"plain": true}, or {"error": "..."} if the package raises
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode


class AioKpl:
    def aggregate(self, users):
        from aiokpl import UserRecord, encode_aggregated

        return encode_aggregated([UserRecord(key, data, hash_key) for key, hash_key, data in users])

    def deaggregate(self, record):
        from aiokpl import decode_aggregated, is_aggregated

        if not is_aggregated(record):
            return None
        return [(user.partition_key, user.explicit_hash_key, user.data) for user in decode_aggregated(record)]


class AwsKinesisAgg:
    def aggregate(self, users):
        from aws_kinesis_agg.aggregator import AggRecord

        aggregate = AggRecord()
        for key, hash_key, data in users:
            if not aggregate.add_user_record(key, data, hash_key):
                raise ValueError("the user records fit no single aggregate")
        return aggregate.get_contents()[2]

    def deaggregate(self, record):
        from aws_kinesis_agg.deaggregator import deaggregate_records

        # As Lambda hands it over.
        kinesis = {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 0,
            "partitionKey": "a",
            "data": b64encode(record),
        }
        users = [user["kinesis"] for user in deaggregate_records([{"kinesis": kinesis}])]
        if len(users) == 1 and "aggregated" not in users[0]:
            return None
        return [(user["partitionKey"], user["explicitHashKey"], b64decode(user["data"])) for user in users]


PACKAGES = {"aiokpl": AioKpl, "aws-kinesis-agg": AwsKinesisAgg}


def text(data):
    return b64encode(data).decode()


def answer(package, work):
    if "records" in work:
        users = [(user["key"], user["hash"], b64decode(user["data"])) for user in work["records"]]
        return {"record": text(package.aggregate(users))}
    try:
        users = package.deaggregate(b64decode(work["record"]))
    except ValueError as error:
        return {"error": str(error)}
    if users is None:
        return {"plain": True}
    return {"records": [{"key": key, "hash": hash_key, "data": text(data)} for key, hash_key, data in users]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", required=True, choices=PACKAGES)
    package = PACKAGES[parser.parse_args().package]()
    for line in sys.stdin:
        print(json.dumps(answer(package, json.loads(line))))
