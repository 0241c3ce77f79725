//! A relay that does not take aggregates apart.

use futures::{StreamExt, stream};
use headwater::Message;
use headwater::source::Until;
use headwater_kinesis::codec::kpl_string;
use headwater_kinesis::{KinesisSink, KinesisSinkBuilder, KinesisSource};
use headwater_local::LocalKinesis;
use headwater_tests::Kcl;

const MESSAGES: usize = 400;

fn sink(local: &LocalKinesis, stream: &str) -> KinesisSinkBuilder {
    KinesisSink::builder(stream).client(local.client())
}

#[tokio::test]
async fn a_relay_of_whole_aggregates_puts_them_where_a_strict_reader_keeps_them() {
    let local = LocalKinesis::builder().stream("from", 4).stream("to", 4).build();
    let written = sink(&local, "from").connect().await.unwrap().encode(kpl_string());
    let messages = (0..MESSAGES).map(|n| Ok(Message::keyed(n.to_string(), format!("key-{}", n % 40))));
    stream::iter(messages).forward(written).await.unwrap();

    let source = KinesisSource::builder("from").client(local.client()).deaggregate(false);
    let source = source.until(Until::Tip).connect().await.unwrap();
    let control = source.control();
    source.forward(sink(&local, "to").connect().await.unwrap()).await.unwrap();
    control.finished().await.unwrap();

    let contents = |stream: &str| {
        let records = local.records(stream).unwrap();
        let mut records: Vec<_> = records.into_iter().map(|record| (record.shard_id, record.data)).collect();
        records.sort_unstable();
        records
    };
    assert_eq!(contents("to"), contents("from"), "byte for byte, on the same shards");
    let read = Kcl::Strict.read_local(&local, "to");
    assert_eq!((read.count(), read.misplaced), (MESSAGES, 0));
    assert!(read.aggregates >= 4 && read.largest > 2, "they are aggregates, of every shard");
}
