//! How much a subscription gives.

use std::time::Duration;

use headwater_local::{LocalKinesis, ShardRates};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{Instant, advance};

use crate::fanout::{both_ways, eager, in_process, latest, texts, trim_horizon};
use crate::{FIRST, code, shard_id};

const MEBIBYTE: usize = 1024 * 1024;

/// A record of a mebibyte, its key included.
fn fill(local: &LocalKinesis, count: usize) {
    for _ in 0..count {
        local.put("orders", "k", vec![7; MEBIBYTE - 1]).unwrap();
    }
}

#[tokio::test]
async fn an_event_holds_a_mebibyte_or_one_record() {
    for setup in both_ways(1, LocalKinesis::builder).await {
        for size in [MEBIBYTE / 2 - 1, MEBIBYTE / 2 - 1, 10, 2 * MEBIBYTE, 10] {
            setup.local.put("orders", "k", vec![7; size]).unwrap();
        }
        let mut events = setup.subscribe(trim_horizon()).await;
        for expected in [2, 1, 1, 1] {
            assert_eq!(events.next().await.records().len(), expected);
        }
    }
}

#[tokio::test]
async fn the_size_of_an_event_can_be_set() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).event_bytes(6).build());
    for data in ["aa", "bb", "cc"] {
        setup.put(data);
    }
    let mut events = setup.subscribe(trim_horizon()).await;
    let first = events.next().await;
    assert_eq!(texts(&first), ["aa", "bb"], "a key counts as its record's data does");
    assert!(first.millis_behind_latest() > 0);
    let second = events.next().await;
    assert_eq!((texts(&second), second.millis_behind_latest()), (vec!["cc".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_subscribes_to_a_shard_once_a_second() {
    let setup = in_process(eager().stream("orders", 2).rates(ShardRates::aws()).build());
    let refused = async || code(setup.try_subscribe(FIRST, latest()).await.map(drop));
    let _first = setup.subscribe(latest()).await;
    assert_eq!(refused().await, "LimitExceededException");
    let _other_shard = setup.try_subscribe(&shard_id(1), latest()).await.unwrap();
    advance(Duration::from_millis(999)).await;
    assert_eq!(refused().await, "LimitExceededException");
    advance(Duration::from_millis(1)).await;
    let _second = setup.subscribe(latest()).await;
}

#[tokio::test(start_paused = true)]
async fn a_shard_pushes_two_mebibytes_a_second_to_each_consumer() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).rates(ShardRates::aws()).build());
    fill(&setup.local, 8);
    let began = Instant::now();
    let mut events = setup.subscribe(trim_horizon()).await;
    let mut arrivals = Vec::new();
    for _ in 0..8 {
        assert_eq!(events.next().await.records().len(), 1);
        arrivals.push(began.elapsed().as_millis());
    }
    // A second's worth at once, then half a second for each mebibyte; the millisecond is what one byte takes.
    assert_eq!(arrivals, [0, 0, 1, 501, 1001, 1501, 2001, 2501]);
}

#[tokio::test]
async fn nothing_is_read_for_a_client_in_process_before_it_asks() {
    let setup = in_process(LocalKinesis::builder().stream("orders", 1).build());
    fill(&setup.local, 5);
    let mut events = setup.subscribe(trim_horizon()).await;
    for taken in 0..5 {
        assert_eq!(setup.local.counters().records_pushed(), taken);
        events.next().await;
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_server() {
    const RECORDS: usize = 40;
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let consumer = server.register_consumer("orders", "c").unwrap();
    fill(server.local(), RECORDS);
    let body = format!(
        r#"{{"ConsumerARN":"{consumer}","ShardId":"{FIRST}","StartingPosition":{{"Type":"TRIM_HORIZON"}}}}"#
    );
    let request = format!(
        "POST / HTTP/1.1\r\nhost: local\r\nx-amz-target: Kinesis_20131202.SubscribeToShard\r\n\
         content-type: application/x-amz-json-1.1\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len(),
    );
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();

    // Each call gives the connection its turn as well: by the second half of them it has long been full.
    let other = server.client();
    let mut pushed = Vec::new();
    for _ in 0..200 {
        other.list_shards().stream_name("orders").send().await.unwrap();
        pushed.push(server.counters().records_pushed());
    }
    assert!(pushed[199] > 0, "the subscription began");
    assert!(pushed[199] < RECORDS as u64 / 4, "what the sockets hold and one more: {}", pushed[199]);
    assert_eq!(pushed[100], pushed[199], "it stands still");
    assert_eq!(server.subscription_count("orders").unwrap(), 1);
    drop(stream);
    while server.subscription_count("orders").unwrap() > 0 {
        tokio::task::yield_now().await;
    }
}
