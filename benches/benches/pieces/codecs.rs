//! A request's messages through each pair of a framing and a serializer.

use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::ItemsCount;
use headwater::codec::{Codec, Deserializer, Framing, Serializer};
use headwater::{Headers, Key};
use headwater_kinesis::codec;

use crate::items::{MESSAGES, Order, serialized};

/// Writes the framing's records, each up to its usual size.
fn records(framing: &dyn Framing, payloads: &[Bytes]) -> Vec<Bytes> {
    let (key, headers, longest) = (Key::from("customer-7"), Headers::new(), framing.frame_size());
    let (mut frame, mut records) = (framing.open(), Vec::new());
    for payload in payloads {
        let has_room = frame.count() == 0 || framing.joins();
        if !has_room || !frame.push_within(longest, &key, payload, &headers) {
            records.push(frame.finish());
            frame.push(&key, payload, &headers);
        }
    }
    records.push(frame.finish());
    records
}

/// Both ways through a pair, step by step.
macro_rules! pair {
    ($name:ident: $codec:expr) => {
        mod $name {
            use super::*;

            fn parts() -> (Arc<dyn Framing>, impl Serializer<Order> + Deserializer<Order>) {
                Codec::into_parts($codec)
            }

            #[divan::bench]
            fn serialize(bencher: Bencher<'_, '_>) {
                let (orders, (_, serializer)) = (Order::request(), parts());
                let mut out = Vec::new();
                bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
                    for order in &orders {
                        out.clear();
                        serializer.serialize(order, &mut out).expect("an order can be serialized");
                        divan::black_box(&out);
                    }
                });
            }

            #[divan::bench]
            fn join(bencher: Bencher<'_, '_>) {
                let (framing, serializer) = parts();
                let payloads = serialized(&serializer, &Order::request());
                bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| records(&*framing, &payloads));
            }

            #[divan::bench]
            fn split(bencher: Bencher<'_, '_>) {
                let (framing, serializer) = parts();
                let records = records(&*framing, &serialized(&serializer, &Order::request()));
                let split = || records.iter().map(|record| framing.split(record).parts.len()).sum::<usize>();
                assert_eq!(split(), MESSAGES);
                bencher.counter(ItemsCount::new(MESSAGES)).bench_local(split);
            }

            #[divan::bench]
            fn deserialize(bencher: Bencher<'_, '_>) {
                let serializer = parts().1;
                let payloads = serialized(&serializer, &Order::request());
                bencher.counter(ItemsCount::new(MESSAGES)).bench_local(|| {
                    for payload in &payloads {
                        let order: Order = serializer.deserialize(payload).expect("it was serialized");
                        divan::black_box(order);
                    }
                });
            }
        }
    };
}

pair! { json: codec::json() }
pair! { json_lines: codec::json_lines() }
pair! { json_lines_zstd: codec::json_lines().zstd() }
pair! { json_lines_lz4: codec::json_lines().lz4() }
pair! { json_lines_gzip: codec::json_lines().gzip() }
pair! { json_list: codec::json_list() }
pair! { msgpack: codec::msgpack() }
pair! { kpl_json: codec::kpl_json() }
