//! The way in over TCP.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::types::ShardIteratorType;
use headwater_local::{Fault, Faults, LocalKinesis, Operation, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::{FIRST, entry, iterator, read, texts};

/// A client that neither retries nor waits long.
fn client(server: &Server) -> Client {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build();
    let config = server.kinesis_config().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
    Client::from_conf(config.build())
}

/// Sends raw bytes and returns what comes back until the server says that it is done.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(b"}") {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "the connection ended: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn what_is_written_over_tcp_is_read_over_tcp() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    assert!(server.address().ip().is_loopback());
    let client = client(&server);
    let large = vec![b'x'; 900_000];
    let entries = vec![entry("a", b"a"), entry("b", &large)];
    client.put_records().stream_name("orders").set_records(Some(entries)).send().await.unwrap();
    let page = read(&client, iterator(&client, "orders", FIRST, ShardIteratorType::TrimHorizon).await).await;
    assert_eq!(texts(&page), ["a".to_owned(), String::from_utf8(large).unwrap()]);
}

#[tokio::test]
async fn two_hundred_clients_write_at_once() {
    let server = LocalKinesis::builder().stream("orders", 4).serve().await.unwrap();
    let mut writers = JoinSet::new();
    for index in 0..200 {
        // A client each, because clients share their connections.
        let address = server.address();
        let body = format!(r#"{{"StreamName":"orders","Data":"eA==","PartitionKey":"k{index}"}}"#);
        writers.spawn(async move {
            let request = format!(
                "POST / HTTP/1.1\r\nhost: local\r\nx-amz-target: Kinesis_20131202.PutRecord\r\n\
                 content-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n{body}",
                body.len(),
            );
            let mut stream = TcpStream::connect(address).await.unwrap();
            for _ in 0..5 {
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = [0; 1024];
                let count = stream.read(&mut answer).await.unwrap();
                assert!(answer[..count].starts_with(b"HTTP/1.1 200"), "{:?}", &answer[..count]);
            }
        });
    }
    writers.join_all().await;
    assert_eq!(server.record_count("orders").unwrap(), 1000);
    assert_eq!(server.counters().calls(Operation::PutRecord), 1000);
}

#[tokio::test]
async fn a_lost_answer_is_a_reset_connection() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    for (fault, stored) in [(Fault::reset(), 0), (Fault::lose_answer(), 1)] {
        server.faults().set(Faults::seeded(0).add(fault));
        let put = client(&server).put_record().stream_name("orders").partition_key("k").data(b"x"[..].into());
        let error = put.send().await.unwrap_err();
        assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
        let cause = format!("{error:?}");
        assert!(cause.contains("ConnectionReset"), "{cause}");
        assert_eq!(server.record_count("orders").unwrap(), stored);
    }
}

#[tokio::test]
async fn a_client_that_gives_up_frees_the_hanging_call() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    server.faults().set(Faults::seeded(0).hang(1.0));
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let config = server.kinesis_config().retry_config(RetryConfig::disabled()).timeout_config(timeouts);
    let error =
        Client::from_conf(config.build()).list_shards().stream_name("orders").send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    server.faults().clear();
    client(&server).list_shards().stream_name("orders").send().await.unwrap();
}

#[tokio::test]
async fn a_stopped_server_frees_its_port() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let local = server.local().clone();
    let address = server.address();
    let client = client(&server);
    client.list_shards().stream_name("orders").send().await.unwrap();
    server.stop().await;
    let refused = client.list_shards().stream_name("orders").send().await.unwrap_err();
    assert!(matches!(refused, SdkError::DispatchFailure(_)), "{refused:?}");
    drop(TcpListener::bind(address).await.unwrap());

    // The endpoint outlives its server, and can be served at the same address again.
    let server = local.bind(address).await.unwrap();
    client.list_shards().stream_name("orders").send().await.unwrap();
    assert_eq!(server.endpoint_url(), format!("http://{address}"));
}

#[tokio::test]
async fn what_is_not_a_request_of_ours_is_refused_as_aws_does() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let json = "content-type: application/x-amz-json-1.1";
    let unknown = format!("POST / HTTP/1.1\r\nhost: x\r\n{json}\r\ncontent-length: 2\r\n\r\n{{}}");
    let answer = raw(&server, unknown.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains(r#""__type":"UnknownOperationException""#), "{answer}");

    let target = format!("{json}\r\nx-amz-target: Kinesis_20131202.ListStreams");
    let broken = format!("POST / HTTP/1.1\r\nhost: x\r\n{target}\r\ncontent-length: 1\r\n\r\n{{");
    let answer = raw(&server, broken.as_bytes()).await;
    assert!(answer.contains(r#""__type":"SerializationException""#), "{answer}");

    let large = format!("POST / HTTP/1.1\r\nhost: x\r\n{target}\r\ncontent-length: 99000000\r\n\r\n");
    let answer = raw(&server, large.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""__type":"RequestEntityTooLargeException""#), "{answer}");
}
