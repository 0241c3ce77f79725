"""What produce.py and consume.py share: their arguments, and how async-kinesis finds a server."""

import argparse
import os

from kinesis import processors

REGION = "us-east-1"

# async-kinesis takes the endpoint and the region as arguments, and credentials only as boto does: any will do here.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIDHEADWATER")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "headwater")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--endpoint", required=True, help="URL of a Kinesis server")
    parser.add_argument("--stream", required=True, help="name of a stream that exists")
    parser.add_argument("--processor", required=True, help="class in kinesis.processors, such as JsonProcessor")
    return parser


def connection(args):
    processor = getattr(processors, args.processor)()
    return {"endpoint_url": args.endpoint, "region_name": REGION, "processor": processor}
