//! What becomes of debts in the combinators between a source and a sink.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, select};
use futures::{StreamExt, TryStreamExt};
use tokio::time::{sleep, timeout};

use super::{LONG, config, filled, next, number, read_all, shard, stored, until_tip};
use crate::checkpoint::MemoryCheckpoints;
use crate::source::SourceConfig;
use crate::{Error, ErrorKind, MemoryStream, Message, Position, Result};

/// Where a shard of ten records is read to its end.
fn after(n: usize) -> Position {
    Position::After { sequence: n.to_string().into(), sub_sequence: None }
}

#[tokio::test(start_paused = true)]
async fn what_a_filter_leaves_out_is_done() {
    let (stream, store, to) = (filled(1, 10), MemoryCheckpoints::new(), MemoryStream::new("to", 1));
    let source = stream.source_with(until_tip(&store)).await.unwrap();
    let control = source.control();
    let few = source.try_filter_map(async |message| Ok(message.filter(|text| text.as_ref() == b"3")));
    few.forward(to.sink()).await.unwrap();
    control.finished().await.unwrap();
    assert_eq!((to.records().len(), stored(&store, shard(0)).await), (1, after(10)));
}

#[tokio::test(start_paused = true)]
async fn a_message_that_became_many_is_done_with_the_last_of_them_and_one_that_became_none_at_once() {
    let (stream, store) = (filled(1, 2), MemoryCheckpoints::new());
    let mut source = stream.source_with(config(&store)).await.unwrap();
    let mut parts = next(&mut source).await.explode(|_| [0, 1, 2]);
    assert!(next(&mut source).await.explode(|_| Vec::<u8>::new()).is_empty());
    parts.drain(1..).for_each(Message::ack);
    sleep(LONG).await;
    assert_eq!(stored(&store, shard(0)).await, Position::Beginning, "one of three still owes");
    parts.remove(0).ack();
    sleep(LONG).await;
    assert_eq!(stored(&store, shard(0)).await, after(2));
}

#[tokio::test(start_paused = true)]
async fn of_merged_sources_each_stores_its_own_checkpoints() {
    let (stream, to) = (filled(1, 10), MemoryStream::new("to", 1));
    let stores = [MemoryCheckpoints::new(), MemoryCheckpoints::new()];
    let [first, second] = stores.each_ref().map(|store| stream.source_with(until_tip(store)));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    let controls = [first.control(), second.control()];
    // One of them is held up while the other ends.
    let second = second.and_then(async |message| {
        sleep(Duration::from_secs(1)).await;
        Ok(message)
    });
    select(first, second).forward(to.sink()).await.unwrap();
    for (control, store) in controls.iter().zip(&stores) {
        control.finished().await.unwrap();
        assert_eq!(stored(store, shard(0)).await, after(10));
    }
    assert_eq!(to.records().len(), 20);
}

/// Takes less time the later the message came, and fails for one of them.
async fn backwards(message: Message<Bytes>, fails_at: usize) -> Result<Message<Bytes>> {
    let number = number(&message);
    sleep(Duration::from_secs(20 - number as u64)).await;
    if number == fails_at { Err(Error::new(ErrorKind::Stage, "backwards")) } else { Ok(message) }
}

#[tokio::test(start_paused = true)]
async fn messages_that_finish_in_any_order_are_done_in_that_of_their_shard() {
    for in_order in [true, false] {
        let (stream, store, to) = (filled(1, 10), MemoryCheckpoints::new(), MemoryStream::new("to", 1));
        let source = stream.source_with(until_tip(&store)).await.unwrap();
        let control = source.control();
        let mapped = source.map_ok(|message| backwards(message, usize::MAX));
        let mapped =
            if in_order { mapped.try_buffered(4).boxed() } else { mapped.try_buffer_unordered(4).boxed() };
        mapped.forward(to.sink()).await.unwrap();
        control.finished().await.unwrap();
        assert_eq!(stored(&store, shard(0)).await, after(10));
    }
}

#[tokio::test(start_paused = true)]
async fn no_checkpoint_passes_a_message_that_failed_while_later_ones_were_done() {
    let (stream, store) = (filled(1, 10), MemoryCheckpoints::new());
    let held = SourceConfig { drain_timeout: Duration::from_secs(1), ..until_tip(&store) };
    let source = stream.source_with(held).await.unwrap();
    let control = source.control();
    let mapped = source.map_ok(|message| backwards(message, 3)).try_buffer_unordered(10);
    let mapped: Vec<_> = timeout(LONG, mapped.collect()).await.unwrap();
    let (done, failed): (Vec<_>, Vec<_>) = mapped.into_iter().partition(Result::is_ok);
    assert!(!failed.is_empty(), "the third fails");
    let done = stream::iter(done).map_ok(|message| (number(&message), message.ack()).0);
    let done: Vec<_> = done.try_collect().await.unwrap();
    assert!(done.contains(&9), "later ones are done: {done:?}");
    control.finished().await.unwrap_err();
    let again = read_all(&stream, until_tip(&store)).await;
    assert!(again.contains(&3), "{again:?}");
}
