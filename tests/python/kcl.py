"""Reads a stream as a worker of kcl-rs, and prints one line of JSON for each thing that happens.

A record is printed once it is checkpointed. With limits, which are numbers of records in the order of the shards, what
comes after as many records of a shard is passed over: as if the worker was about to process it when it died. It ends when
its standard input does.
"""

import argparse
import json
import sys
import threading

from kcl_rs import CheckpointError, RecordProcessorBase, Scheduler

printing = threading.Lock()


def tell(**event):
    with printing:
        print(json.dumps(event), flush=True)


class Processor(RecordProcessorBase):
    limits = []

    def initialize(self, given):
        self.shard = given.shard_id
        number = int(self.shard.split("-")[1])
        self.left = self.limits[number] if number < len(self.limits) else None
        tell(event="begin", shard=self.shard, sequence=given.sequence_number, sub=given.sub_sequence_number)

    def process_records(self, given):
        for record in given.records:
            if self.left == 0:
                return
            sequence, sub = record.sequence_number, record.sub_sequence_number
            try:
                given.checkpointer.checkpoint(sequence, sub)
            except CheckpointError as error:
                # Another has the shard by now, and reads the record again.
                tell(event="refused", shard=self.shard, error=str(error))
                return
            tell(event="record", shard=self.shard, data=record.binary_data.decode())
            if self.left is not None:
                self.left -= 1

    def lease_lost(self, given):
        tell(event="lost", shard=self.shard)

    def shard_ended(self, given):
        tell(event="ended", shard=self.shard)
        given.checkpointer.checkpoint()

    def shutdown_requested(self, given):
        # Every record that it printed is checkpointed.
        tell(event="left", shard=self.shard)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stream", required=True)
    parser.add_argument("--application", required=True)
    parser.add_argument("--worker", required=True)
    parser.add_argument("--limits", type=int, nargs="*", help="records to read of each shard")
    args = parser.parse_args()
    Processor.limits = args.limits
    scheduler = Scheduler(
        stream_name=args.stream,
        application_name=args.application,
        record_processor_factory=Processor,
        worker_identifier=args.worker,
        region="us-east-1",
        initial_position="TRIM_HORIZON",
        access_key_id="AKIDHEADWATER",
        secret_access_key="headwater",
        retrieval_mode="POLLING",
        idle_time_between_reads_millis=200,
        shard_sync_interval_millis=1000,
    )
    scheduler.start()
    sys.stdin.read()
    scheduler.shutdown()


if __name__ == "__main__":
    main()
