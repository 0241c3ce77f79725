//! `headwater which`.

use headwater_local::{LocalKinesis, Server as Local};
use headwater_tests::Server;

use crate::support::Headwater;

const FIRST: &str = "shardId-000000000000";

async fn endpoint() -> Local {
    LocalKinesis::builder().stream("s", 2).serve().await.unwrap()
}

fn which<const ARGS: usize>(endpoint: &Local, args: [&str; ARGS]) -> Headwater {
    Headwater::new(["which", "s"].into_iter().chain(args)).env("AWS_ENDPOINT_URL", endpoint.endpoint_url())
}

#[tokio::test]
async fn a_key_belongs_to_the_shard_that_it_is_stored_on() {
    for server in [Server::Local, Server::Kinesalite, Server::KinesisLocal] {
        let endpoint = server.shared();
        let stream = endpoint.create_stream("which", 5).await;
        for key in ["a", "customer-7", "é"] {
            let (shard, _) = stream.put(key, "x").await;
            let which = Headwater::at(endpoint, ["which", stream.name(), key, "--output", "json"]);
            let owners = which.run().await.json_lines();
            assert_eq!(owners.len(), 1, "{server}");
            assert_eq!(
                (&owners[0]["shard_id"], &owners[0]["partition_key"]),
                (&shard.into(), &key.into()),
                "{server}"
            );
            assert_eq!(owners[0]["state"], "open");
        }
    }
}

#[tokio::test]
async fn the_owner_is_shown_with_the_hash_key_and_its_range() {
    let table = which(&endpoint().await, ["a"]).run().await.ok();
    assert_eq!(
        table,
        "SHARD                 STATE                                HASH KEY  FIRST HASH KEY                            LAST HASH KEY\n\
         shardId-000000000000  open   16955237001963240173058271559858726497               0  170141183460469231731687303715884105727\n"
    );
}

#[tokio::test]
async fn a_hash_key_decides_instead_of_the_key() {
    let endpoint = endpoint().await;
    let last = "340282366920938463463374607431768211455";
    for args in
        [["a", "--hash-key", last, "--output=json"].as_slice(), &["--hash-key", last, "--output=json"]]
    {
        let args = ["which", "s"].iter().chain(args);
        let which = Headwater::new(args).env("AWS_ENDPOINT_URL", endpoint.endpoint_url());
        let owners = which.run().await.json_lines();
        assert_eq!(
            (&owners[0]["shard_id"], &owners[0]["hash_key"]),
            (&"shardId-000000000001".into(), &last.into())
        );
    }
}

#[tokio::test]
async fn closed_ancestors_are_shown_where_they_are_asked_for() {
    let endpoint = endpoint().await;
    endpoint.split_shard("s", FIRST).unwrap();
    let owners = which(&endpoint, ["a", "--output", "json"]).run().await.json_lines();
    assert_eq!((owners.len(), &owners[0]["shard_id"]), (1, &"shardId-000000000002".into()));
    let owners = which(&endpoint, ["a", "--closed", "--output", "json"]).run().await.json_lines();
    let shards: Vec<_> = owners.iter().map(|owner| (&owner["shard_id"], &owner["state"])).collect();
    assert_eq!(shards, [(&"shardId-000000000002".into(), &"open".into()), (&FIRST.into(), &"closed".into())]);
}

#[tokio::test]
async fn a_stream_that_distributes_by_itself_says_that_keys_choose_no_shard() {
    let endpoint = LocalKinesis::new().serve().await.unwrap();
    let client = endpoint.client();
    let on_demand = aws_sdk_kinesis::types::StreamMode::OnDemand;
    let mode = aws_sdk_kinesis::types::StreamModeDetails::builder().stream_mode(on_demand).build().unwrap();
    client.create_stream().stream_name("s").stream_mode_details(mode).send().await.unwrap();
    let told = which(&endpoint, ["a"]).run().await;
    assert_eq!(told.stderr, "");
    told.ok();
    let arn = client.describe_stream_summary().stream_name("s").send().await.unwrap();
    let arn = arn.stream_description_summary.unwrap().stream_arn;
    let auto = aws_sdk_kinesis::types::RecordDistributionStrategy::Auto;
    let update = client.update_stream_record_distribution_strategy().stream_arn(arn);
    update.record_distribution_strategy(auto).send().await.unwrap();
    let told = which(&endpoint, ["a"]).run().await;
    assert!(told.stderr.contains("stream \"s\" distributes records by itself (AUTO)"), "{}", told.stderr);
    told.ok();
}

#[tokio::test]
async fn a_wrong_key_stream_or_hash_key_is_named() {
    let endpoint = endpoint().await;
    let long = "k".repeat(300);
    for (args, code, told) in [
        (["s", ""].as_slice(), 2, "it has 0 characters: 1 to 256 are right"),
        (&["s", &long], 2, "it has 300 characters: 1 to 256 are right"),
        (&["s"], 2, "KEY"),
        (&["s", "a", "--hash-key", "1e3"], 2, "explicit hash key \"1e3\""),
        (&["a b", "a"], 2, "stream \"a b\""),
        (&["nowhere", "a"], 1, "list shards of \"nowhere\": ResourceNotFoundException"),
        (
            &["arn:aws:kinesis:eu-west-1:000000000000:stream/s", "a", "--region", "us-east-1"],
            2,
            "--region eu-west-1 is right",
        ),
    ] {
        let which =
            Headwater::new(["which"].iter().chain(args)).env("AWS_ENDPOINT_URL", endpoint.endpoint_url());
        let said = which.run().await.code(code);
        assert!(said.contains(told), "{said}");
    }
}
