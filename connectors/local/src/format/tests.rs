//! What goes one way in JSON and the other way in CBOR means the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ciborium::Value as Cbor;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::Format;
use crate::LocalKinesis;
use crate::error::{Error, ErrorCode};
use crate::operation::Operation;
use crate::ops::{Output, Request};

/// Members of requests, each with values of its kind.
fn members() -> impl Strategy<Value = Vec<(String, Json)>> {
    let text = || "[a-zé\"\\\\]{0,30}";
    let millis = || (0_u64..1 << 42).prop_map(|millis| json!(millis as f64 / 1000.0));
    let texts = [
        "StreamName",
        "StreamARN",
        "ShardId",
        "ShardIterator",
        "ShardIteratorType",
        "StartingSequenceNumber",
        "ExclusiveStartShardId",
        "ExclusiveStartStreamName",
        "NextToken",
        "ShardToSplit",
        "NewStartingHashKey",
        "ShardToMerge",
        "AdjacentShardToMerge",
        "ScalingType",
        "ConsumerName",
        "ConsumerARN",
        "RecordDistributionStrategy",
        "Unknown",
    ];
    let position = (text(), text(), millis()).prop_map(|(kind, sequence, timestamp)| {
        json!({"Type": kind, "ShardId": sequence, "SequenceNumber": sequence, "Timestamp": timestamp})
    });
    let position = position.boxed();
    let mode = text().prop_map(|mode| json!({"StreamMode": mode}));
    let mut every = vec![
        ("StartingPosition", position.clone()),
        ("ShardFilter", position),
        ("StreamModeDetails", mode.boxed()),
        ("Records", prop::collection::vec(record(), 0..4).prop_map_into().boxed()),
        ("EnforceConsumerDeletion", any::<bool>().prop_map_into().boxed()),
        ("DryRun", any::<bool>().prop_map_into().boxed()),
        ("Timestamp", millis().boxed()),
        ("StreamCreationTimestamp", millis().boxed()),
    ];
    for name in texts {
        every.push((name, prop_oneof![9 => text().prop_map_into(), 1 => Just(Json::Null)].boxed()));
    }
    for name in ["Limit", "MaxResults", "ShardCount", "TargetShardCount", "MaxRecordSizeInKiB"] {
        every.push((name, any::<i64>().prop_map_into().boxed()));
    }
    let every: Vec<_> = every
        .into_iter()
        .map(|(name, value)| value.prop_map(move |value| (name.to_owned(), value)))
        .collect();
    let count = every.len();
    subsequence(every, 0..count).prop_flat_map(|members| members)
}

/// A record of a request, whose optional members may be absent.
fn record() -> impl Strategy<Value = Json> {
    let members = (any::<Vec<u8>>(), ".{0,20}", prop::option::of("[0-9]{1,39}"), any::<bool>());
    members.prop_map(|(data, key, hash_key, with_key)| {
        let mut record =
            json!({"Data": STANDARD.encode(data), "ExplicitHashKey": hash_key, "Unknown": [1, {"a": "b"}]});
        if with_key {
            record["PartitionKey"] = key.into();
        }
        record
    })
}

/// Writes what JSON says as Amazon's Java SDK does.
fn to_cbor(name: &str, value: &Json) -> Cbor {
    match value {
        Json::Null => Cbor::Null,
        Json::Bool(value) => Cbor::Bool(*value),
        Json::Number(seconds) if name.ends_with("Timestamp") => {
            let millis = (seconds.as_f64().unwrap() * 1000.0).round() as u64;
            Cbor::Tag(1, Box::new(Cbor::Integer(millis.into())))
        }
        Json::Number(number) => match number.as_i64() {
            Some(number) => Cbor::Integer(number.into()),
            None => Cbor::Float(number.as_f64().unwrap()),
        },
        Json::String(text) if name == "Data" => Cbor::Bytes(STANDARD.decode(text).unwrap()),
        Json::String(text) => Cbor::Text(text.clone()),
        Json::Array(values) => Cbor::Array(values.iter().map(|value| to_cbor(name, value)).collect()),
        Json::Object(members) => Cbor::Map(
            members.iter().map(|(name, value)| (Cbor::Text(name.clone()), to_cbor(name, value))).collect(),
        ),
    }
}

/// Reads what CBOR says.
fn to_json(value: &Cbor) -> Json {
    match value {
        Cbor::Tag(1, millis) => {
            let millis: u64 = millis.as_integer().unwrap().try_into().unwrap();
            json!(millis as f64 / 1000.0)
        }
        Cbor::Bytes(data) => STANDARD.encode(data).into(),
        Cbor::Array(values) => values.iter().map(to_json).collect(),
        Cbor::Map(members) => members
            .iter()
            .map(|(name, value)| (name.as_text().unwrap().to_owned(), to_json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        plain => plain.deserialized().unwrap(),
    }
}

fn read_cbor(body: &Bytes) -> Json {
    let mut rest = &body[..];
    let value: Cbor = ciborium::from_reader(&mut rest).unwrap();
    assert!(rest.is_empty(), "{} trailing bytes", rest.len());
    to_json(&value)
}

fn read_json(body: &Bytes) -> Json {
    serde_json::from_slice(body).unwrap()
}

/// Writes CBOR whose maps, arrays, text and bytes state their lengths or do not: the Java SDK states none of maps.
fn write_cbor(value: &Cbor, indefinite: bool, body: &mut Vec<u8>) {
    const BREAK: u8 = 0xff;
    let whole = |value: &Cbor, body: &mut Vec<u8>| ciborium::into_writer(value, body).unwrap();
    match value {
        Cbor::Map(members) if indefinite => {
            body.push(0xbf);
            for (name, value) in members {
                write_cbor(name, false, body);
                write_cbor(value, indefinite, body);
            }
            body.push(BREAK);
        }
        Cbor::Array(values) if indefinite => {
            body.push(0x9f);
            for value in values {
                write_cbor(value, indefinite, body);
            }
            body.push(BREAK);
        }
        Cbor::Bytes(data) if indefinite => {
            body.push(0x5f);
            for half in data.chunks(data.len().div_ceil(2).max(1)) {
                whole(&Cbor::Bytes(half.to_vec()), body);
            }
            body.push(BREAK);
        }
        Cbor::Text(text) if indefinite => {
            body.push(0x7f);
            whole(&Cbor::Text(text.clone()), body);
            body.push(BREAK);
        }
        value => whole(value, body),
    }
}

/// What a body was read as, apart from how large it was.
fn meaning(request: Result<Request, Error>) -> Result<String, ErrorCode> {
    let mut request = request.map_err(|error| error.code())?;
    if let Request::PutRecords(crate::ops::PutRecords { body_len, .. })
    | Request::PutRecord(crate::ops::PutRecord { body_len, .. }) = &mut request
    {
        *body_len = 0;
    }
    Ok(format!("{request:?}"))
}

proptest! {
    #[test]
    fn a_request_means_the_same_in_both_formats(
        operation in select(Operation::ALL.to_vec()),
        members in members(),
        record in record(),
        indefinite: bool,
    ) {
        let mut request: Json = members.into_iter().collect::<serde_json::Map<_, _>>().into();
        if operation == Operation::PutRecord {
            request.as_object_mut().unwrap().extend(record.as_object().unwrap().clone());
        }
        let json = Bytes::from(serde_json::to_vec(&request).unwrap());
        let mut cbor = Vec::new();
        write_cbor(&to_cbor("", &request), indefinite, &mut cbor);
        let json = meaning(Format::Json.decode(operation, &json));
        let cbor = meaning(Format::Cbor.decode(operation, &cbor.into()));
        prop_assert_eq!(json, cbor);
    }

    #[test]
    fn no_bytes_make_the_reader_of_cbor_panic(
        operation in select(Operation::ALL.to_vec()),
        body: Vec<u8>,
    ) {
        let whole = Format::Cbor.decode(operation, &body.into());
        // Anything may come of it; a request that was not sent may not.
        prop_assert!(!matches!(whole, Ok(Request::PutRecord(_))), "{whole:?}");
    }

    #[test]
    fn a_request_that_is_cut_short_is_refused(record in record(), cut: prop::sample::Index, indefinite: bool) {
        let mut body = Vec::new();
        write_cbor(&to_cbor("", &json!({"StreamName": "orders", "Records": [record]})), indefinite, &mut body);
        body.truncate(cut.index(body.len()));
        let body = Bytes::from(body);
        prop_assume!(!body.is_empty());
        let error = Format::Cbor.decode(Operation::PutRecords, &body).unwrap_err();
        prop_assert_eq!(error.code(), ErrorCode::Serialization);
        prop_assert!(Format::Cbor.decode(Operation::PutRecord, &body).is_err());
    }
}

/// An endpoint, asked in JSON and answered in both.
struct Asked(LocalKinesis);

impl Asked {
    #[track_caller]
    fn ask(&self, operation: Operation, request: &Json, format: Format) -> Json {
        let output = self.output(operation, request, format);
        let (json, cbor) = (Format::Json.encode(&output), Format::Cbor.encode(&output));
        assert_eq!(json.is_empty(), cbor.is_empty(), "{operation:?}");
        if json.is_empty() {
            return Json::Null;
        }
        let answer = read_json(&json);
        assert_eq!(answer, read_cbor(&cbor), "{operation:?}");
        answer
    }

    #[track_caller]
    fn output(&self, operation: Operation, request: &Json, format: Format) -> Output {
        let body = match format {
            Format::Json => serde_json::to_vec(request).unwrap(),
            Format::Cbor => {
                let mut body = Vec::new();
                ciborium::into_writer(&to_cbor("", request), &mut body).unwrap();
                body
            }
        };
        let request = format.decode(operation, &body.into()).unwrap();
        self.0.endpoint().perform(request).unwrap_or_else(|error| panic!("{operation:?}: {error}"))
    }

    /// Reads a shard from its beginning, as a page and as an event.
    #[track_caller]
    fn read(&self, shard: usize) -> Json {
        let shard = format!("shardId-{shard:012}");
        let from = json!({"StreamName": "orders", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
        let from = self.ask(Operation::GetShardIterator, &from, Format::Cbor);
        let page = self.output(Operation::GetRecords, &from, Format::Cbor);
        let Output::Page(page) = &page else { panic!("{page:?}") };
        for continuation in [None, Some(3)] {
            let json = Format::Json.encode_event(&page.reading, continuation);
            let cbor = Format::Cbor.encode_event(&page.reading, continuation);
            assert_eq!(read_json(&json), read_cbor(&cbor));
        }
        self.ask(Operation::GetRecords, &from, Format::Json)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_answer_means_the_same_in_both_formats(
        records in prop::collection::vec((any::<Vec<u8>>(), ".{1,20}"), 1..20),
        in_cbor: bool,
    ) {
        let asked = Asked(LocalKinesis::builder().stream("orders", 2).build());
        let format = if in_cbor { Format::Cbor } else { Format::Json };
        let entries: Vec<Json> = records
            .iter()
            .map(|(data, key)| json!({"Data": STANDARD.encode(data), "PartitionKey": key}))
            .collect();
        let put = asked.ask(Operation::PutRecords, &json!({"StreamName": "orders", "Records": entries}), format);
        prop_assert_eq!(put["Records"].as_array().unwrap().len(), entries.len());
        let mut one = entries[0].clone();
        one["StreamName"] = "orders".into();
        asked.ask(Operation::PutRecord, &one, format);

        let read: Vec<Json> =
            (0..2).flat_map(|shard| asked.read(shard)["Records"].as_array().unwrap().clone()).collect();
        prop_assert_eq!(read.len(), entries.len() + 1);
        for entry in &entries {
            let found = read
                .iter()
                .any(|record| record["Data"] == entry["Data"] && record["PartitionKey"] == entry["PartitionKey"]);
            prop_assert!(found, "{entry}");
        }
    }
}

#[tokio::test]
async fn descriptions_mean_the_same_in_both_formats() {
    let asked = Asked(LocalKinesis::builder().stream("orders", 2).build());
    let stream = json!({"StreamName": "orders"});
    let described = asked.ask(Operation::DescribeStreamSummary, &stream, Format::Cbor);
    let arn = described["StreamDescriptionSummary"]["StreamARN"].clone();
    assert!(described["StreamDescriptionSummary"]["StreamCreationTimestamp"].is_f64(), "{described}");
    let consumer = json!({"StreamARN": arn, "ConsumerName": "reader"});
    asked.ask(Operation::RegisterStreamConsumer, &consumer, Format::Cbor);
    asked.ask(Operation::DescribeStreamConsumer, &consumer, Format::Cbor);
    asked.ask(Operation::ListStreamConsumers, &json!({"StreamARN": arn}), Format::Cbor);
    asked.ask(Operation::ListStreams, &json!({"Limit": 1}), Format::Cbor);
    asked.ask(Operation::ListShards, &json!({"StreamName": "orders", "MaxResults": 1}), Format::Cbor);
    let split =
        json!({"StreamName": "orders", "ShardToSplit": "shardId-000000000000", "NewStartingHashKey": "100"});
    assert_eq!(asked.ask(Operation::SplitShard, &split, Format::Cbor), Json::Null);
    asked.ask(Operation::DescribeStream, &stream, Format::Cbor);
    let last = asked.read(0);
    assert_eq!(last["ChildShards"].as_array().unwrap().len(), 2, "{last}");
    let scale = json!({"StreamName": "orders", "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"});
    asked.ask(Operation::UpdateShardCount, &scale, Format::Cbor);
}

#[test]
fn an_entry_that_failed_means_the_same_in_both_formats() {
    let asked = Asked(LocalKinesis::builder().stream("orders", 1).build());
    asked.0.faults().set(crate::Faults::seeded(0).fail_entries(1.0));
    let record = json!({"Data": "eA==", "PartitionKey": "k"});
    let request = json!({"StreamName": "orders", "Records": [record]});
    let answer = asked.ask(Operation::PutRecords, &request, Format::Cbor);
    assert_eq!(answer["FailedRecordCount"], 1);
    assert!(answer["Records"][0]["ErrorCode"].is_string(), "{answer}");
}

#[test]
fn an_error_means_the_same_in_both_formats() {
    let error = Error::new(ErrorCode::Validation, "a \"quoted\" name".repeat(20));
    let json = Format::Json.encode_error(&error);
    assert_eq!(read_json(&json), read_cbor(&Format::Cbor.encode_error(&error)));
}

#[test]
fn a_value_of_the_wrong_type_is_refused_in_both_formats() {
    for record in [
        json!({"Data": "eA==", "PartitionKey": 1}),
        json!({"Data": 1, "PartitionKey": "k"}),
        json!({"Data": ["eA=="], "PartitionKey": "k"}),
        json!("record"),
    ] {
        let request = json!({"StreamName": "orders", "Records": [record]});
        let json = Bytes::from(serde_json::to_vec(&request).unwrap());
        let mut cbor = Vec::new();
        ciborium::into_writer(&to_cbor("", &request), &mut cbor).unwrap();
        for (format, body) in [(Format::Json, json), (Format::Cbor, cbor.into())] {
            let error = format.decode(Operation::PutRecords, &body).unwrap_err();
            assert_eq!(error.code(), ErrorCode::Serialization, "{format:?} {request}");
        }
    }
}

#[test]
fn a_member_that_is_given_twice_is_refused_in_both_formats() {
    let twice = br#"{"StreamName":"a","StreamName":"b","Records":[]}"#;
    let name = |name: &str| (Cbor::Text("StreamName".to_owned()), Cbor::Text(name.to_owned()));
    let mut cbor = Vec::new();
    ciborium::into_writer(&Cbor::Map(vec![name("a"), name("b")]), &mut cbor).unwrap();
    for operation in [Operation::PutRecords, Operation::DescribeStream] {
        for (format, body) in
            [(Format::Json, Bytes::from_static(twice)), (Format::Cbor, Bytes::from(cbor.clone()))]
        {
            let error = format.decode(operation, &body).unwrap_err();
            assert_eq!(error.code(), ErrorCode::Serialization, "{format:?} {operation:?}");
        }
    }
}

#[test]
fn a_value_that_nests_for_ever_is_refused() {
    let body = [&[0xa1, 0x61, b'x'][..], &[0x81].repeat(100_000)].concat();
    for operation in [Operation::PutRecords, Operation::DescribeStream] {
        let error = Format::Cbor.decode(operation, &body.clone().into()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Serialization, "{operation:?}");
    }
}
