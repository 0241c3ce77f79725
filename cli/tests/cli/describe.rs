//! `headwater describe`.

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation, Server as Local};
use headwater_tests::Server;

use crate::support::Headwater;

const FIRST: &str = "shardId-000000000000";

async fn endpoint() -> Local {
    LocalKinesis::builder().stream("s", 2).serve().await.unwrap()
}

fn describe<const ARGS: usize>(endpoint: &Local, args: [&str; ARGS]) -> Headwater {
    Headwater::new(["describe", "s"].into_iter().chain(args)).env("AWS_ENDPOINT_URL", endpoint.endpoint_url())
}

#[tokio::test]
async fn a_stream_is_described_on_one_page() {
    let endpoint = endpoint().await;
    let told = describe(&endpoint, []).run().await;
    assert_eq!(told.stderr, "");
    let page = told.ok();
    for line in [
        "stream        s\n",
        "arn           arn:aws:kinesis:us-east-1:000000000000:stream/s\n",
        "status        ACTIVE\n",
        "mode          PROVISIONED\n",
        "retention     24 h\n",
        "encryption    NONE\n",
        "record size   1024 KiB at most, key included\n",
        "shards        2 open\n",
        "limits        in 2000 records/s and 2 MiB/s, out 4 MiB/s and 5 reads/s a shard (2 shards)\n",
        "consumers     none\n",
        "shardId-000000000000  open                                         0  \
         170141183460469231731687303715884105727  50.00%  -        empty   0s\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
}

#[tokio::test]
async fn closed_shards_and_parents_are_shown_where_they_are_asked_for() {
    let endpoint = endpoint().await;
    endpoint.split_shard("s", FIRST).unwrap();
    let open = &describe(&endpoint, ["--output", "json"]).run().await.json_lines()[0];
    assert_eq!((open["shards"].as_array().unwrap().len(), &open["open_shard_count"]), (3, &3.into()));
    assert_eq!(
        (&open["shards"][1]["parent_shard_id"], &open["shards"][1]["share_percent"]),
        (&FIRST.into(), &25.0.into())
    );
    let all = &describe(&endpoint, ["--closed", "--output", "json"]).run().await.json_lines()[0];
    let states: Vec<_> =
        all["shards"].as_array().unwrap().iter().map(|shard| shard["state"].as_str()).collect();
    assert_eq!(states, [Some("closed"), Some("open"), Some("open"), Some("open")]);
}

#[tokio::test]
async fn the_lag_is_how_long_the_records_of_a_shard_span() {
    let endpoint = endpoint().await;
    endpoint.put("s", "a", "old").unwrap();
    let described = &describe(&endpoint, ["--output", "json"]).run().await.json_lines()[0];
    let (first, second) = (&described["shards"][0], &described["shards"][1]);
    assert!(first["oldest_arrival"].as_str().unwrap().ends_with('Z'), "{first}");
    assert_eq!(first["millis_behind_latest"], 0, "one record spans no time");
    assert_eq!((&second["oldest_arrival"], &second["millis_behind_latest"]), (&().into(), &0.into()));

    let begun = std::time::Instant::now();
    headwater_tests::eventually("the second record is younger", async || {
        (begun.elapsed() > std::time::Duration::from_millis(30)).then_some(())
    })
    .await;
    endpoint.put("s", "a", "new").unwrap();
    let described = &describe(&endpoint, ["--output", "json"]).run().await.json_lines()[0];
    assert!(described["shards"][0]["millis_behind_latest"].as_i64() > Some(0), "{described}");
}

#[tokio::test]
async fn without_the_lag_nothing_is_read() {
    let endpoint = endpoint().await;
    let described = &describe(&endpoint, ["--no-lag", "--output", "json"]).run().await.json_lines()[0];
    assert_eq!(described["shards"][0].get("millis_behind_latest"), None);
    assert_eq!(endpoint.counters().calls(Operation::GetShardIterator), 0);
    describe(&endpoint, []).run().await.ok();
    assert_eq!(endpoint.counters().calls(Operation::GetShardIterator), 2);
}

#[tokio::test]
async fn what_one_may_not_see_is_left_out_with_a_note() {
    let endpoint = endpoint().await;
    let denied = |operation| Fault::fail_calls(ErrorCode::AccessDenied).on(operation);
    let faults = Faults::seeded(7).add(denied(Operation::ListStreamConsumers));
    endpoint.faults().set(faults.add(denied(Operation::GetShardIterator)));
    let told = describe(&endpoint, ["--output", "json"]).run().await;
    assert!(told.stderr.contains("the consumers are unknown: list consumers of \"s\""), "{}", told.stderr);
    assert!(told.stderr.contains("the lag of 2 shards is unknown: read shardId-"), "{}", told.stderr);
    let described = &told.json_lines()[0];
    assert_eq!((&described["consumers"], &described["stream_status"]), (&().into(), &"ACTIVE".into()));
}

#[tokio::test]
async fn consumers_are_shown_by_name() {
    let endpoint = endpoint().await;
    let arn = describe(&endpoint, ["--output", "json"]).run().await.json_lines()[0]["stream_arn"].clone();
    let arn = arn.as_str().unwrap();
    let register = endpoint.client().register_stream_consumer().stream_arn(arn).consumer_name("billing");
    register.send().await.unwrap();
    // Its ARN names a stream as well as its name.
    let describe = Headwater::new(["describe", arn]).env("AWS_ENDPOINT_URL", endpoint.endpoint_url());
    let page = describe.run().await.ok();
    assert!(page.contains("consumers     billing (ACTIVE)\n"), "{page}");
}

#[tokio::test]
async fn streams_of_every_server_are_described() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let endpoint = server.shared();
        let stream = endpoint.create_stream("described", 2).await;
        stream.put("a", "x").await;
        let told = Headwater::at(endpoint, ["describe", stream.name(), "--output", "json"]).run().await;
        let noted = told.stderr.contains("the consumers are unknown: list consumers of ");
        assert_eq!(noted, server == Server::Kinesalite, "{server}: {}", told.stderr);
        let described = &told.json_lines()[0];
        assert_eq!(described["stream_name"], stream.name(), "{server}");
        let shards = described["shards"].as_array().unwrap();
        assert_eq!((shards.len(), &shards[0]["share_percent"]), (2, &50.0.into()), "{server}");
        assert!(
            shards[0]["oldest_arrival"].is_string() != shards[1]["oldest_arrival"].is_string(),
            "{server}"
        );
    }
}

#[tokio::test]
async fn a_wrong_stream_is_named_with_the_way_out() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let told = Headwater::at(server.shared(), ["describe", "nowhere"]).run().await.code(1);
        assert!(told.contains("\"nowhere\": ResourceNotFoundException"), "{server}: {told}");
        assert!(told.contains("`headwater list` shows"), "{server}: {told}");
    }
    let told = Headwater::new(["describe", "arn:aws:s3:::bucket"]).run().await.code(2);
    assert!(told.contains("an ARN of a stream is arn:aws:kinesis:REGION:ACCOUNT:stream/NAME"), "{told}");
}
