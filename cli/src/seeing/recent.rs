//! The warnings and errors of late, for the page.

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::rfc3339::rfc3339;

/// How many are kept; the oldest are forgotten first.
const KEPT: usize = 50;

/// How long a message may be, in bytes: one that carries a payload or a page of causes is cut.
const LONGEST: usize = 1_000;

/// Keeps the latest 50 warnings and errors, once somebody wants to see them. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    is_wanted: AtomicBool,
    told: Mutex<VecDeque<Told>>,
}

/// A warning or an error.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    /// When, in RFC 3339
    pub(crate) time: String,
    /// `WARN` or `ERROR`
    pub(crate) level: &'static str,
    /// The module that told it
    pub(crate) target: String,
    /// Its message, then its fields
    pub(crate) message: String,
}

impl Recent {
    /// The layer that hears of them.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        self.clone().with_filter(LevelFilter::WARN)
    }

    /// Begins to keep them.
    pub(crate) fn collect(&self) {
        self.0.is_wanted.store(true, Relaxed);
    }

    /// Returns them, the latest first.
    pub(crate) fn latest(&self) -> Vec<Told> {
        let told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().rev().cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Recent {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !self.0.is_wanted.load(Relaxed) {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let message = Told {
            time: rfc3339(SystemTime::now()),
            level: event.metadata().level().as_str(),
            target: event.metadata().target().to_owned(),
            message: words.message(),
        };
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() == KEPT {
            told.pop_front();
        }
        told.push_back(message);
    }
}

/// An event as text.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Words {
    fn message(self) -> String {
        let mut message = without_passwords(&(self.message + &self.fields));
        if message.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
            message.truncate(end);
            message.push('…');
        }
        message
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A string takes all that is written.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// Leaves out who and by what password, in URLs: a driver's message may repeat the one it was given.
fn without_passwords(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        kept.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/?\"'`".contains(c)).unwrap_or(after.len());
        let user = after[..end].rfind('@').map_or(0, |at| at + 1);
        if user > 0 {
            kept.push_str("…@");
        }
        rest = &after[user..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::{KEPT, LONGEST, Recent, without_passwords};

    fn told(recent: &Recent, tell: impl FnOnce()) {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(recent.layer()), tell);
    }

    #[test]
    fn warnings_and_errors_are_kept_with_their_fields_and_nothing_below() {
        let recent = Recent::default();
        recent.collect();
        told(&recent, || {
            tracing::info!("not this");
            tracing::warn!(shard = "shardId-7", unacked = 3, "late");
            tracing::error!(error = %"gone", "the store");
        });
        let told = recent.latest();
        let words: Vec<_> = told.iter().map(|told| (told.level, told.message.as_str())).collect();
        assert_eq!(words, [("ERROR", "the store error=gone"), ("WARN", "late shard=shardId-7 unacked=3")]);
        assert_eq!(told[0].target, module_path!());
    }

    #[test]
    fn nothing_is_kept_until_somebody_wants_to_see_it() {
        let recent = Recent::default();
        told(&recent, || tracing::warn!("early"));
        assert!(recent.latest().is_empty());
    }

    #[test]
    fn the_latest_fifty_are_kept_and_each_is_cut_where_it_is_long() {
        let recent = Recent::default();
        recent.collect();
        told(&recent, || {
            for number in 0..=KEPT {
                tracing::warn!(number, "é{}", "é".repeat(LONGEST));
            }
        });
        let told = recent.latest();
        assert_eq!(told.len(), KEPT);
        assert!(told.iter().all(|told| told.message.len() <= LONGEST + '…'.len_utf8()));
    }

    #[test]
    fn a_password_in_a_url_is_left_out() {
        for (text, kept) in [
            ("redis://:s3cret@host:6379/0 is gone", "redis://…@host:6379/0 is gone"),
            ("\"rediss://me:p@ss@host\": refused", "\"rediss://…@host\": refused"),
            ("http://127.0.0.1:4567/ and a@b", "http://127.0.0.1:4567/ and a@b"),
            ("a://x:y@b c://d:e@f", "a://…@b c://…@f"),
        ] {
            assert_eq!(without_passwords(text), kept);
        }
    }
}
