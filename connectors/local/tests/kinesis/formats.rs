//! JSON, CBOR and what is neither, as they come over the wire.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::Message;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use ciborium::Value as Cbor;
use ciborium::cbor;
use headwater_local::{ErrorCode, Faults, LocalKinesis, Operation, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::FIRST;

const CBOR: &str = "application/x-amz-cbor-1.1";

/// An answer on a connection that goes on.
struct Answer {
    stream: TcpStream,
    head: String,
    body: BytesMut,
}

impl Answer {
    /// Sends a request and reads the head of its answer.
    async fn of(server: &Server, operation: &str, content_type: &str, body: &[u8]) -> Self {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: Kinesis_20131202.{operation}\r\n{content_type}\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        let mut answer = Self { stream, head: String::new(), body: BytesMut::new() };
        let end = loop {
            if let Some(end) = answer.body.windows(4).position(|window| window == b"\r\n\r\n") {
                break end;
            }
            answer.read().await;
        };
        answer.head = String::from_utf8(answer.body.split_to(end + 4).to_vec()).unwrap().to_lowercase();
        answer
    }

    async fn in_cbor(server: &Server, operation: &str, body: &Cbor) -> Self {
        let mut bytes = Vec::new();
        ciborium::into_writer(body, &mut bytes).unwrap();
        Self::of(server, operation, &format!("content-type: {CBOR}\r\n"), &bytes).await
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    async fn read(&mut self) {
        let count = self.stream.read_buf(&mut self.body).await.unwrap();
        assert!(count > 0, "the connection ended after {:?}", self.body);
    }

    /// Reads a body of stated length.
    async fn body(mut self) -> Bytes {
        let length = self.head.split_once("content-length: ").unwrap().1;
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        while self.body.len() < length {
            self.read().await;
        }
        self.body.freeze()
    }

    async fn cbor(self) -> Cbor {
        assert!(self.head.contains(&format!("content-type: {CBOR}\r\n")), "{}", self.head);
        ciborium::from_reader(&self.body().await[..]).unwrap()
    }

    /// Reads the next message of an event stream, each of which comes in a chunk of its own.
    async fn message(&mut self) -> Message {
        let (size, start) = loop {
            if let Some(end) = self.body.windows(2).position(|window| window == b"\r\n") {
                break (std::str::from_utf8(&self.body[..end]).unwrap(), end + 2);
            }
            self.read().await;
        };
        let size = usize::from_str_radix(size, 16).unwrap();
        while self.body.len() < start + size + 2 {
            self.read().await;
        }
        let chunk = self.body.split_to(start + size + 2);
        match MessageFrameDecoder::new().decode_frame(&mut &chunk[start..]).unwrap() {
            DecodedFrame::Complete(message) => message,
            DecodedFrame::Incomplete => panic!("a chunk holds a part of a message"),
        }
    }
}

/// A member of a map.
#[track_caller]
fn member<'a>(map: &'a Cbor, name: &str) -> &'a Cbor {
    let found = map.as_map().unwrap().iter().find(|(key, _)| key.as_text() == Some(name));
    &found.unwrap_or_else(|| panic!("no {name} in {map:?}")).1
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    let header = message.headers().iter().find(|header| header.name().as_str() == name);
    header.unwrap().value().as_string().unwrap().as_str()
}

fn entry(key: &str, data: &[u8]) -> Cbor {
    let data = Cbor::Bytes(data.to_vec());
    cbor!({"StreamName" => "orders", "PartitionKey" => key, "Data" => data}).unwrap()
}

#[tokio::test]
async fn what_is_written_in_cbor_is_read_in_json_and_the_other_way_round() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let put = Answer::in_cbor(&server, "PutRecord", &entry("a", b"\0cbor\xff")).await;
    let put = put.cbor().await;
    let client = server.client();
    client
        .put_record()
        .stream_name("orders")
        .partition_key("b")
        .data(b"json"[..].into())
        .send()
        .await
        .unwrap();

    let stored = server.records("orders").unwrap();
    assert_eq!((&*stored[0].partition_key, &stored[0].data[..]), ("a", &b"\0cbor\xff"[..]));
    assert_eq!(member(&put, "SequenceNumber").as_text(), Some(&*stored[0].sequence_number));
    let get = cbor!({"StreamName" => "orders", "ShardId" => FIRST, "ShardIteratorType" => "TRIM_HORIZON"});
    let iterator = Answer::in_cbor(&server, "GetShardIterator", &get.unwrap()).await.cbor().await;
    let page = Answer::in_cbor(&server, "GetRecords", &iterator).await.cbor().await;
    let records = member(&page, "Records").as_array().unwrap();
    for (record, stored) in records.iter().zip(&stored) {
        assert_eq!(member(record, "Data").as_bytes().unwrap(), &stored.data);
        let arrival = stored.arrival.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
        assert_eq!(member(record, "ApproximateArrivalTimestamp"), &Cbor::Tag(1, Box::new(arrival.into())));
    }
    let iterator = member(&iterator, "ShardIterator").as_text().unwrap();
    let page = crate::read(&client, iterator).await;
    let data: Vec<_> = page.records.iter().map(|record| record.data.as_ref()).collect();
    assert_eq!(data, [&b"\0cbor\xff"[..], b"json"]);
}

#[tokio::test]
async fn a_time_in_cbor_is_milliseconds() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let before = server.put("orders", "k", "before").unwrap().arrival;
    let at = loop {
        let put = server.put("orders", "k", "at").unwrap();
        if put.arrival > before {
            break put.arrival;
        }
    };
    let millis = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let mut get =
        cbor!({"StreamName" => "orders", "ShardId" => FIRST, "ShardIteratorType" => "AT_TIMESTAMP"});
    let members = get.as_mut().unwrap().as_map_mut().unwrap();
    members.push((Cbor::Text("Timestamp".to_owned()), Cbor::Tag(1, Box::new(millis.into()))));
    let iterator = Answer::in_cbor(&server, "GetShardIterator", &get.unwrap()).await.cbor().await;
    let page = Answer::in_cbor(&server, "GetRecords", &iterator).await.cbor().await;
    let [record] = &member(&page, "Records").as_array().unwrap()[..] else { panic!("{page:?}") };
    assert_eq!(member(record, "Data").as_bytes().unwrap(), b"at");
}

#[tokio::test]
async fn an_error_has_the_format_of_the_request() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let missing = cbor!({"StreamName" => "nowhere"}).unwrap();
    let answer = Answer::in_cbor(&server, "ListShards", &missing).await;
    assert_eq!(answer.status(), "400");
    let error = answer.cbor().await;
    assert_eq!(member(&error, "__type").as_text(), Some("ResourceNotFoundException"));
    assert!(member(&error, "message").as_text().unwrap().contains("nowhere"), "{error:?}");

    let answer = Answer::in_cbor(&server, "Nonsense", &missing).await;
    assert_eq!(member(&answer.cbor().await, "__type").as_text(), Some("UnknownOperationException"));
    let type_of_cbor = format!("content-type: {CBOR}\r\n");
    let answer = Answer::of(&server, "ListShards", &type_of_cbor, b"{}").await;
    assert_eq!(answer.status(), "400");
    assert_eq!(member(&answer.cbor().await, "__type").as_text(), Some("SerializationException"));
}

#[tokio::test]
async fn faults_strike_requests_in_cbor_as_others() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    server.faults().set(Faults::seeded(0).fail_calls(1.0, ErrorCode::ServiceUnavailable));
    let answer = Answer::in_cbor(&server, "PutRecord", &entry("k", b"x")).await;
    assert_eq!(answer.status(), "503");
    assert_eq!(member(&answer.cbor().await, "__type").as_text(), Some("ServiceUnavailable"));
    assert_eq!(server.counters().refused(Operation::PutRecord), 1);

    server.faults().set(Faults::seeded(0).fail_entries(1.0));
    let record = cbor!({"PartitionKey" => "k", "Data" => Cbor::Bytes(vec![1])}).unwrap();
    let put = cbor!({"StreamName" => "orders", "Records" => [record]}).unwrap();
    let answer = Answer::in_cbor(&server, "PutRecords", &put).await.cbor().await;
    assert_eq!(member(&answer, "FailedRecordCount"), &Cbor::from(1));
    assert_eq!(server.record_count("orders").unwrap(), 0);
}

#[tokio::test]
async fn the_events_of_a_subscription_have_the_format_of_its_request() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    server.put("orders", "k", b"\xff\xfe").unwrap();
    let arn = server.stream_arn("orders").unwrap();
    let register = cbor!({"StreamARN" => arn, "ConsumerName" => "reader"}).unwrap();
    let consumer = Answer::in_cbor(&server, "RegisterStreamConsumer", &register).await.cbor().await;
    let consumer = member(member(&consumer, "Consumer"), "ConsumerARN");
    let from = cbor!({"Type" => "TRIM_HORIZON"}).unwrap();
    let subscribe = cbor!({"ConsumerARN" => consumer, "ShardId" => FIRST, "StartingPosition" => from});
    let mut answer = Answer::in_cbor(&server, "SubscribeToShard", &subscribe.unwrap()).await;
    assert_eq!(answer.status(), "200");

    let initial = answer.message().await;
    assert_eq!(initial.payload()[..], [0xa0], "a map without members");
    let event = answer.message().await;
    assert_eq!(header(&event, ":event-type"), "SubscribeToShardEvent");
    assert_eq!(header(&event, ":content-type"), CBOR);
    let event: Cbor = ciborium::from_reader(&event.payload()[..]).unwrap();
    let [record] = &member(&event, "Records").as_array().unwrap()[..] else { panic!("{event:?}") };
    assert_eq!(member(record, "Data").as_bytes().unwrap(), b"\xff\xfe");
    assert!(member(&event, "ContinuationSequenceNumber").is_text(), "{event:?}");

    server.delete_stream("orders").unwrap();
    let exception = answer.message().await;
    assert_eq!(header(&exception, ":exception-type"), "ResourceNotFoundException");
    let exception: Cbor = ciborium::from_reader(&exception.payload()[..]).unwrap();
    assert_eq!(member(&exception, "__type").as_text(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn a_body_that_is_neither_json_nor_cbor_is_refused() {
    let server = LocalKinesis::builder().stream("orders", 1).serve().await.unwrap();
    let body = format!(r#"{{"StreamName":"orders","PartitionKey":"k","Data":"{}"}}"#, STANDARD.encode("x"));
    for content_type in ["", "content-type: text/plain\r\n", "content-type: application/cbor\r\n"] {
        let answer = Answer::of(&server, "PutRecord", content_type, body.as_bytes()).await;
        assert_eq!(answer.status(), "404", "{content_type}");
        assert_eq!(answer.body().await, "<UnknownOperationException/>\n");
    }
    let with_charset = "content-type: application/x-amz-json-1.1; charset=utf-8\r\n";
    assert_eq!(Answer::of(&server, "PutRecord", with_charset, body.as_bytes()).await.status(), "200");
    assert_eq!(server.record_count("orders").unwrap(), 1);
}

#[tokio::test]
async fn an_endpoint_that_refuses_cbor_answers_json_alone() {
    let server = LocalKinesis::builder().stream("orders", 1).refuse_cbor().serve().await.unwrap();
    let answer = Answer::in_cbor(&server, "PutRecord", &entry("k", b"x")).await;
    assert_eq!(answer.status(), "404");
    assert_eq!(server.counters().refused(Operation::PutRecord), 1);
    let client = server.client();
    client.put_record().stream_name("orders").partition_key("k").data(b"x"[..].into()).send().await.unwrap();
    assert_eq!(server.record_count("orders").unwrap(), 1);
}
