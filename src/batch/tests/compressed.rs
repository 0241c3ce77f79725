//! Records that are compressed.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::fake::Fake;
use crate::Message;
use crate::batch::{BatchSink, BatchSinkBuilder};
use crate::codec::{Codec, Framed, Framing, Lines, Raw, Single};

/// Compresses a framing's records, where the tests were built with it.
pub(super) fn compressed(framing: impl Framing) -> Arc<dyn Framing> {
    let codec = Codec::new(framing, Raw);
    #[cfg(feature = "zstd")]
    let codec = codec.zstd();
    codec.into_parts().0
}

/// Returns what a record was before it was compressed.
pub(super) fn inflated(record: &Bytes) -> Bytes {
    compressed(Single).split(record).parts.remove(0).payload
}

/// The records that messages of one key become, compressed and before that.
async fn records(builder: BatchSinkBuilder, payloads: impl Iterator<Item = Bytes>) -> Vec<(Bytes, Bytes)> {
    let service = Fake::storing();
    let sink = builder.build(service.clone()).unwrap().framed(compressed(Lines));
    stream::iter(payloads).map(|payload| Ok(Message::keyed(payload, "a"))).forward(sink).await.unwrap();
    service.stored().iter().map(|entry| (entry.data.clone(), inflated(&entry.data))).collect()
}

#[cfg(feature = "zstd")]
fn line(number: usize) -> Bytes {
    format!("{{\"order\":{number},\"note\":\"{}\"}}", "again ".repeat(100)).into()
}

#[cfg(feature = "zstd")]
#[tokio::test(start_paused = true)]
async fn a_compressed_record_is_full_at_256_kib_before_it_is_compressed() {
    let records = records(BatchSink::builder(), (0..2_000).map(line)).await;
    let (last, full) = records.split_last().unwrap();
    assert!(full.len() >= 3);
    for (record, plain) in full {
        assert!((250 << 10..=256 << 10).contains(&plain.len()), "{} bytes before", plain.len());
        assert!(record.len() * 10 < plain.len(), "{} bytes of {}", record.len(), plain.len());
    }
    assert!(last.1.len() < 256 << 10);
    let all: Vec<_> = records.iter().flat_map(|(_, plain)| Lines.split(plain).parts).collect();
    assert!(all.into_iter().map(|part| part.payload).eq((0..2_000).map(line)), "in their order");
}

#[cfg(feature = "zstd")]
#[tokio::test(start_paused = true)]
async fn the_frame_size_that_is_set_is_that_before_compression() {
    let records = records(BatchSink::builder().frame_size(10_000), (0..200).map(line)).await;
    assert!(records.iter().all(|(_, plain)| plain.len() <= 10_000));
    assert!(records.len() < 20, "{} records", records.len());
}

#[tokio::test(start_paused = true)]
async fn no_record_passes_the_limit_whatever_is_in_it() {
    let mut random = fastrand::Rng::with_seed(7);
    let payloads: Vec<_> = (0..3_000)
        .map(|_| {
            let len = random.usize(1..900);
            std::iter::repeat_with(|| random.alphanumeric()).take(len).collect::<String>()
        })
        .collect();
    let builder = BatchSink::builder().record_bytes(4_000).frame_size(4_000);
    let records = records(builder, payloads.iter().map(|payload| Bytes::from(payload.clone()))).await;
    assert!(records.iter().all(|(record, _)| record.len() < 4_000));
    let all = records.iter().flat_map(|(_, plain)| Lines.split(plain).parts);
    assert!(all.map(|part| part.payload).eq(payloads));
}
