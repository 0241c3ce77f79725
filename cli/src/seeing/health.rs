//! How a pipeline is.

use futures::FutureExt as _;

use crate::failure::chain;
use crate::seeing::pipeline::{Parts, Pipeline};

/// How a pipeline is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It is being built, or a source has no place to read from yet: which one.
    Starting(String),
    /// All of it runs.
    Running,
    /// It was asked to stop, or has read all that it was to read, and delivers what it has.
    Ending,
    /// A source has failed: why.
    Failed(String),
}

impl Health {
    /// Looks at all of a pipeline.
    pub(crate) fn of(pipeline: &Pipeline) -> Self {
        let Parts { sources, sinks } = pipeline.parts();
        let mut starting = sources.is_empty() && sinks.is_empty();
        let mut waiting_for = String::new();
        let mut ended = 0;
        for (stream, control) in &sources {
            // What the one waits for is there already, or it is not.
            match control.finished().now_or_never() {
                Some(Err(error)) => return Self::Failed(chain(&error)),
                Some(Ok(())) => ended += 1,
                None if control.ready().now_or_never().is_none() => {
                    starting = true;
                    waiting_for = format!("\"{stream}\" has no place to read from yet");
                }
                None => {}
            }
        }
        if pipeline.stop.is_asked() || (ended > 0 && ended == sources.len()) {
            Self::Ending
        } else if starting {
            Self::Starting(waiting_for)
        } else {
            Self::Running
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Failed(_) => "failed",
        }
    }

    /// What there is to say of it, or nothing.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Starting(reason) | Self::Failed(reason) => reason,
            Self::Running | Self::Ending => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;
    use headwater::MemoryStream;
    use headwater_tests::eventually;

    use super::Health;
    use crate::context::Context;
    use crate::globals::Globals;
    use crate::seeing::pipeline::Pipeline;
    use crate::seeing::recent::Recent;
    use crate::stop::Stop;

    fn pipeline() -> Pipeline {
        let stop = Stop::on_signals().unwrap();
        Pipeline::new("relay", &Context { globals: Globals::default(), stop, recent: Recent::default() })
    }

    #[tokio::test]
    async fn a_pipeline_starts_until_every_source_has_a_place_to_read_from() {
        let pipeline = pipeline();
        assert_eq!(Health::of(&pipeline), Health::Starting(String::new()));
        let source = MemoryStream::new("orders", 1).source().await.unwrap();
        let control = source.control();
        pipeline.add_source("orders", source.control());
        assert_eq!(Health::of(&pipeline).reason(), "\"orders\" has no place to read from yet");
        control.ready().await.unwrap();
        assert_eq!(Health::of(&pipeline), Health::Running);
    }

    #[tokio::test]
    async fn a_pipeline_whose_source_failed_says_why_and_one_that_has_read_all_ends() {
        let orders = MemoryStream::new("orders", 1);
        orders.put("customer-7", "an order");
        let pipeline = pipeline();
        let mut source = orders.source().await.unwrap();
        pipeline.add_source("orders", source.control());
        let message = source.try_next().await.unwrap().unwrap();
        drop((message, source));
        let health = eventually("it has failed", async || {
            Some(Health::of(&pipeline)).filter(|health| health.name() == "failed")
        })
        .await;
        assert!(health.reason().contains("orders"), "{}", health.reason());

        let pipeline = self::pipeline();
        let source = orders.source().await.unwrap();
        pipeline.add_source("orders", source.control());
        source.control().stop();
        drop(source);
        eventually("it has ended", async || (Health::of(&pipeline) == Health::Ending).then_some(())).await;
    }
}
