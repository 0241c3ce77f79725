// Sends or reads orders with the AWS SDK for JavaScript, and prints what that cost its process in a line of JSON.
//
// The orders are lines of JSON in a file; they are taken in turn, each as often as its turn comes.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

const options = { type: "string" };
const { values: args } = parseArgs({
  options: {
    job: options, endpoint: options, stream: options, records: options, orders: options, packages: options,
  },
});
const packages = createRequire(join(args.packages, "package.json"));
const sdk = packages("@aws-sdk/client-kinesis");
const { NodeHttpHandler } = packages("@smithy/node-http-handler");
const client = new sdk.KinesisClient({
  endpoint: args.endpoint,
  region: "us-east-1",
  // Its own speaks HTTP/2, which servers without TLS do not.
  requestHandler: new NodeHttpHandler(),
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
});
const count = Number(args.records);
const orders = readFileSync(args.orders, "utf8").trim().split("\n").map((line) => JSON.parse(line));

async function put() {
  for (let first = 0; first < count; first += 500) {
    const Records = [];
    for (let n = first; n < Math.min(first + 500, count); n++) {
      const Data = Buffer.from(JSON.stringify(orders[n % orders.length]));
      Records.push({ Data, PartitionKey: `customer-${n % 5000}` });
    }
    const answer = await client.send(new sdk.PutRecordsCommand({ StreamName: args.stream, Records }));
    if (answer.FailedRecordCount > 0) throw new Error(`${answer.FailedRecordCount} failed`);
  }
  return count;
}

async function get() {
  let read = 0;
  const { Shards } = await client.send(new sdk.ListShardsCommand({ StreamName: args.stream }));
  for (const { ShardId } of Shards) {
    const start = { StreamName: args.stream, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    let { ShardIterator } = await client.send(new sdk.GetShardIteratorCommand(start));
    for (;;) {
      const page = await client.send(new sdk.GetRecordsCommand({ ShardIterator, Limit: 10000 }));
      ShardIterator = page.NextShardIterator;
      if (page.Records.length === 0 && page.MillisBehindLatest === 0) break;
      for (const record of page.Records) {
        JSON.parse(Buffer.from(record.Data).toString());
        read += 1;
      }
    }
  }
  return read;
}

const [wall, cpu] = [performance.now(), process.cpuUsage()];
const done = args.job === "put" ? await put() : await get();
const used = process.cpuUsage(cpu);
if (done !== count) throw new Error(`${done} of ${count}`);
console.log(JSON.stringify({
  cpu_seconds: (used.user + used.system) / 1e6,
  wall_seconds: (performance.now() - wall) / 1e3,
}));
process.exit(0);
