//! One worker's way from stream to stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use clap::ValueEnum as _;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use headwater::codec::{Encode, Poison, PoisonCount};
use headwater::{Control, Message, Result};
use headwater_kinesis::codec::Deserializer as _;
use headwater_kinesis::{KinesisSink, KinesisSource};
use metrics::counter;

use crate::codec::{CodecName, inflate};
use crate::commands::relay::dead_letters::DeadLetters;
use crate::commands::relay::on_error::OnError;
use crate::commands::relay::plan::Plan;
use crate::commands::relay::settle::{Outlet, Step};
use crate::commands::relay::transform::spread;
use crate::seeing::otlp;
use crate::stop::Stop;

/// How many messages may wait for their ends. The sink's own queue is shorter, and what bounds them.
const UNSETTLED: usize = 20_000;
/// How many skipped messages are warned of, each by itself; then each time that there are twice as many.
const WARNED: u64 = 20;

/// One worker's way from stream to stream.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) plan: Arc<Plan>,
    pub(super) source: KinesisSource,
    pub(super) sink: Encode<KinesisSink, Bytes>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) skipped: Skipped,
    pub(super) stop: Stop,
}

/// How many messages were left out because they could not be decoded, mapped or encoded.
#[derive(Clone, Debug, Default)]
pub(super) struct Skipped(Arc<AtomicU64>);

impl Skipped {
    /// Returns the count.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts more, and returns how many there were before.
    fn add(&self, messages: u64) -> u64 {
        self.0.fetch_add(messages, Ordering::Relaxed)
    }
}

impl Pipeline {
    /// Relays until the source ends, and returns once the last checkpoint is stored.
    pub(super) async fn run(self) -> Result<()> {
        let Self { plan, source, sink, outlet, skipped, stop } = self;
        let control = source.control();
        let (messages, undecoded) = decoded(source, &plan, outlet.letters.as_ref());
        let steps = {
            let (plan, skipped) = (Arc::clone(&plan), skipped.clone());
            messages.map(move |message| steps(message?, &plan, &skipped))
        };
        let (placing, settling, closing) = (Arc::clone(&outlet), Arc::clone(&outlet), Arc::clone(&outlet));
        // Who wants it to stop waits no longer than the sink's deadline; a relay that is done waits for its throttled rest.
        let close = stream::once(async move {
            if stop.is_asked() {
                drop(closing.producer.close().await);
            }
        });
        let settled = steps
            .map_ok(|steps| stream::iter(steps.into_iter().map(Ok)))
            .try_flatten()
            .and_then(move |step| {
                let outlet = Arc::clone(&placing);
                async move { Ok(outlet.place(step).await) }
            })
            .chain(close.filter_map(|()| std::future::ready(None)))
            .map_ok(move |placed| Arc::clone(&settling).settle(placed))
            .try_buffer_unordered(UNSETTLED)
            .try_for_each(|()| std::future::ready(Ok(())));
        // The error itself holds what was not delivered, for whose ack the source would wait.
        let relayed = settled.await.map_err(|error| error.restate());
        skipped.add(undecoded.map_or(0, |count| count.get()));
        end(relayed, &outlet, &control, sink).await
    }
}

/// Sends what was accepted, and stores the last checkpoint. The first error is the one that tells why.
async fn end(
    relayed: Result<()>,
    outlet: &Outlet,
    control: &Control,
    sink: Encode<KinesisSink, Bytes>,
) -> Result<()> {
    // What is not delivered by then is dropped unacked, and comes again.
    drop(outlet.producer.close().await);
    drop(sink);
    let finished = control.finished().await;
    relayed.and(finished)
}

/// The messages of a source, and the count of those that could not be decoded and were left out.
fn decoded(
    source: KinesisSource,
    plan: &Plan,
    letters: Option<&DeadLetters>,
) -> (BoxStream<'static, Result<Message<Bytes>>>, Option<PoisonCount>) {
    if plan.is_raw {
        return (source.boxed(), None);
    }
    let decode = source.decode(plan.codec_in.reading());
    match (plan.on_error, letters) {
        (OnError::DeadLetter, Some(letters)) => {
            let codec = plan.codec_in;
            (decode.divert(letters.sink(move |payload| why_undecoded(codec, payload))).boxed(), None)
        }
        (OnError::Skip, _) => {
            let count = decode.poison_count();
            (decode.on_poison(Poison::Skip).boxed(), Some(count))
        }
        _ => (decode.boxed(), None),
    }
}

/// Says why bytes cannot be decoded, which the stage that diverts them keeps to itself.
fn why_undecoded(codec: CodecName, payload: &Bytes) -> String {
    let name = codec.to_possible_value();
    let name = name.as_ref().map_or("the codec", |name| name.get_name());
    let codec = codec.reading();
    let cause = inflate(payload).err().or_else(|| codec.serializer().deserialize(payload).err());
    let cause = cause.or_else(|| codec.framing().split(payload).damaged.map(|(_, cause)| cause));
    match cause {
        Some(cause) => format!("it cannot be decoded as {name}: {cause}"),
        None => format!("it cannot be decoded as {name}"),
    }
}

/// What is to be done for a message.
fn steps(message: Message<Bytes>, plan: &Plan, skipped: &Skipped) -> Result<Vec<Step>> {
    if plan.is_raw {
        return Ok(vec![Step::Put(message)]);
    }
    let (message, _span) = otlp::follow(message, "relay");
    let reason = match plan.transform.make(message.payload()) {
        Ok(made) => return Ok(spread(message, made).into_iter().map(Step::Put).collect()),
        Err(reason) => reason,
    };
    let stream = message.origin().map_or("", headwater::Origin::stream).to_owned();
    counter!("headwater_poison_total", "stream" => stream, "policy" => plan.on_error.name()).increment(1);
    match plan.on_error {
        OnError::Fail => message.try_map(|_| Err(reason)).map(|never: Message<Bytes>| vec![Step::Put(never)]),
        OnError::Skip => {
            let messages = skipped.add(1) + 1;
            if messages <= WARNED || messages.is_power_of_two() {
                tracing::warn!(reason, messages, "skipped a message");
            }
            message.ack();
            Ok(Vec::new())
        }
        OnError::DeadLetter => Ok(vec![Step::Bury(message, reason)]),
    }
}
