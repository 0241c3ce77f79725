//! Under which key a message is put.

use super::{endpoint, put, stored};

#[tokio::test]
async fn each_key_comes_from_a_field_of_its_line() {
    let endpoint = endpoint(1).await;
    let lines = "{\"id\":1.50,\"name\":\"é\"}\n{\"name\":\"b\"}\n";
    put(&endpoint, ["--key-field", "name", "--codec", "json"]).input(lines).run().await.ok();
    let keys: Vec<_> =
        endpoint.records("s").unwrap().into_iter().map(|record| record.partition_key).collect();
    assert_eq!(keys, ["é", "b"]);
}

#[tokio::test]
async fn a_line_without_the_field_is_named_and_the_rest_goes_on() {
    let endpoint = endpoint(1).await;
    let lines = "{\"id\":1}\n{\"other\":2}\n{\"id\":null}\n{\"id\":4}\n";
    let told = put(&endpoint, ["--key-field", "id", "--codec", "json"]).input(lines).run().await.code(3);
    assert!(told.contains("line 2: take the key from field \"id\": there is none"), "{told}");
    assert!(told.contains("line 3: take the key from field \"id\": a string, number or boolean"), "{told}");
    assert!(told.contains("2 of 4 messages could not be delivered"), "{told}");
    assert_eq!(stored(&endpoint), ["{\"id\":1}", "{\"id\":4}"]);
}

#[tokio::test]
async fn a_hash_key_decides_the_shard() {
    let endpoint = endpoint(2).await;
    let (first, last) = ("0", "340282366920938463463374607431768211455");
    put(&endpoint, ["--key", "k", "--hash-key", first]).input("a\nb\n").run().await.ok();
    put(&endpoint, ["--hash-key", last]).input("c\nd\n").run().await.ok();
    let records = endpoint.records("s").unwrap();
    let shards = endpoint.shards("s").unwrap();
    for (record, data) in records.iter().zip(["a", "b"]) {
        assert_eq!((&record.shard_id, &record.data[..]), (&shards[0].shard_id, data.as_bytes()));
        assert_eq!((record.partition_key.as_str(), record.explicit_hash_key), ("k", Some(0)));
    }
    assert_eq!((&records[2].shard_id, &records[3].shard_id), (&shards[1].shard_id, &shards[1].shard_id));
    assert_ne!(records[2].partition_key, records[3].partition_key, "keys are generated");
}

#[tokio::test]
async fn a_wrong_key_is_refused_before_anything_is_put() {
    let endpoint = endpoint(1).await;
    let long = "k".repeat(300);
    for (args, told) in [
        (["--key", "", "x"].as_slice(), "it has 0 characters: 1 to 256 are right"),
        (&["--key", &long, "x"], "it has 300 characters: 1 to 256 are right"),
        (&["--hash-key", "0x10", "x"], "explicit hash key \"0x10\": a decimal number from 0 to 2^128 - 1"),
        (&["--key", "k", "--key-field", "f", "x"], "cannot be used with '--key-field <FIELD>'"),
    ] {
        let args = ["put", "s"].iter().chain(args);
        let headwater = crate::support::Headwater::new(args).env("AWS_ENDPOINT_URL", endpoint.endpoint_url());
        let said = headwater.run().await.code(2);
        assert!(said.contains(told), "{said}");
    }
    assert!(stored(&endpoint).is_empty());
}

#[tokio::test]
async fn a_key_of_a_field_that_is_too_long_concerns_its_line_alone() {
    let endpoint = endpoint(1).await;
    let lines = format!("{{\"id\":\"{}\"}}\n{{\"id\":\"b\"}}\n", "k".repeat(300));
    let told = put(&endpoint, ["--key-field", "id"]).input(lines).run().await.code(3);
    assert!(told.contains("line 1: ") && told.contains("a partition key of 300 characters"), "{told}");
    assert_eq!(stored(&endpoint), ["{\"id\":\"b\"}"]);
}
