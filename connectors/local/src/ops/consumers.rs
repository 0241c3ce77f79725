//! RegisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers and DeregisterStreamConsumer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::output::{ConsumerDescription, ConsumerSummary, Consumers, DescribedConsumer, Registered};
use super::paging::{cut, next_token, page_size, resume};
use super::start::millis_of;
use super::{ListStreamConsumers, NamedConsumer, Output, RegisterStreamConsumer};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorCode};
use crate::limits;
use crate::store::{Account, Consumer, Stream, StreamRef, StreamState, Timestamp};

/// A list that goes on.
#[derive(Debug, Serialize, Deserialize)]
struct Rest {
    generation: u64,
    after: Option<String>,
}

/// Where a consumer is, if it is there.
#[derive(Debug)]
pub(super) struct Located<'a> {
    pub(super) stream: Arc<Stream>,
    name: &'a str,
    /// Tells consumers of one name apart.
    arn: Option<&'a str>,
    account: &'a str,
}

pub(super) fn register_consumer(
    endpoint: &Endpoint,
    input: &RegisterStreamConsumer,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let name = input.consumer_name.as_deref().ok_or_else(|| Error::missing("consumerName"))?;
    let stream = find_stream(account, input.stream_arn.as_deref(), now)?;
    let consumer = register(&stream, name, account, now, account.settings.create_delay)?;
    Ok(Output::Registered(Registered { consumer }))
}

/// Registers a consumer that is ACTIVE after `delay`.
pub(crate) fn register(
    stream: &Stream,
    name: &str,
    account: &Account,
    now: Timestamp,
    delay: u64,
) -> Result<ConsumerSummary, Error> {
    check_name(name)?;
    let mut state = stream.state_mut(now);
    if !state.phase.serves() {
        return Err(stream.not_active(&state, account.id()));
    }
    if state.consumers.get(name).is_some() {
        let message = format!("Consumer {name} of stream {} already exists.", stream.name);
        return Err(Error::new(ErrorCode::ResourceInUse, message));
    }
    let creating = state.consumers.iter().filter(|consumer| consumer.is_creating(now)).count();
    for (count, limit, what) in [
        (state.consumers.len(), limits::CONSUMERS, "consumers"),
        (creating, limits::CREATING_CONSUMERS, "consumers in state CREATING"),
    ] {
        if count >= limit {
            let message = format!("Stream {} may have at most {limit} {what}.", stream.name);
            return Err(Error::new(ErrorCode::LimitExceeded, message));
        }
    }
    let consumer = Consumer::register(name.to_owned(), &stream.arn, now, delay);
    let summary = ConsumerSummary::new(&consumer, now);
    state.consumers.add(consumer);
    Ok(summary)
}

pub(super) fn describe_consumer(
    endpoint: &Endpoint,
    input: &NamedConsumer,
    now: Timestamp,
) -> Result<Output, Error> {
    let found = input.locate(&endpoint.account, now)?;
    let state = found.stream.state(now);
    let summary = ConsumerSummary::new(found.consumer(&state)?, now);
    let stream_arn = found.stream.arn.clone();
    let consumer_description = DescribedConsumer { summary, stream_arn };
    Ok(Output::Consumer(ConsumerDescription { consumer_description }))
}

pub(super) fn deregister_consumer(
    endpoint: &Endpoint,
    input: &NamedConsumer,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let found = input.locate(account, now)?;
    let mut state = found.stream.state_mut(now);
    found.consumer_mut(&mut state)?.deregister(now, account.settings.delete_delay);
    state.consumers.sweep(now);
    Ok(Output::Empty)
}

pub(super) fn list_consumers(
    endpoint: &Endpoint,
    input: &ListStreamConsumers,
    now: Timestamp,
) -> Result<Output, Error> {
    let account = &endpoint.account;
    let size = page_size(input.max_results, "maxResults", limits::LIST_CONSUMERS_PAGE)?;
    let stream = find_stream(account, input.stream_arn.as_deref(), now)?;
    let created = input.stream_creation_timestamp.map(millis_of);
    if created.is_some() && input.next_token.is_some() {
        let message = "NextToken and StreamCreationTimestamp cannot be provided together.";
        return Err(Error::invalid_argument(message));
    }
    if created.is_some_and(|created| created / 1000 != stream.created / 1000) {
        return Err(stream.not_found(account.id()));
    }
    let list = match &input.next_token {
        Some(token) => resume::<Rest>(token, now)?,
        None => Rest { generation: stream.generation, after: None },
    };
    if list.generation != stream.generation {
        return Err(Error::invalid_argument("Invalid NextToken."));
    }
    let state = stream.state(now);
    let rest = state.consumers.iter().filter(|consumer| Some(&consumer.name) > list.after.as_ref());
    let (consumers, more) = cut(rest.map(|consumer| ConsumerSummary::new(consumer, now)).collect(), size);
    let after = consumers.last().map(|consumer| consumer.consumer_name.clone());
    let next_token = more.then(|| next_token(Rest { after, ..list }, now));
    Ok(Output::Consumers(Consumers { consumers, next_token }))
}

impl NamedConsumer {
    fn locate<'a>(&'a self, account: &'a Account, now: Timestamp) -> Result<Located<'a>, Error> {
        locate(account, self.stream_arn.as_deref(), self.name.as_deref(), self.arn.as_deref(), now)
    }
}

/// Finds the stream of a consumer that is named in either way, or in both.
pub(super) fn locate<'a>(
    account: &'a Account,
    stream_arn: Option<&'a str>,
    name: Option<&'a str>,
    arn: Option<&'a str>,
    now: Timestamp,
) -> Result<Located<'a>, Error> {
    let by_arn = arn.map(parse_arn).transpose()?;
    let agrees = |given: Option<&str>, in_arn: &str| given.is_none_or(|given| given == in_arn);
    let (stream_arn, name) = match (by_arn, stream_arn, name) {
        (None, Some(stream), Some(name)) => (stream, name),
        (Some((in_arn, name_in_arn)), given, name) => {
            if !agrees(given, in_arn) || !agrees(name, name_in_arn) {
                return Err(Error::invalid_argument(
                    "ConsumerARN and the other parameters name two consumers.",
                ));
            }
            (in_arn, name_in_arn)
        }
        _ => {
            let message = "Either ConsumerARN or both StreamARN and ConsumerName must be provided.";
            return Err(Error::invalid_argument(message));
        }
    };
    check_name(name)?;
    let stream = find_stream(account, Some(stream_arn), now)?;
    Ok(Located { stream, name, arn, account: account.id() })
}

impl Located<'_> {
    fn consumer<'s>(&self, state: &'s StreamState) -> Result<&'s Consumer, Error> {
        let consumer = state.consumers.get(self.name).filter(|consumer| self.is(consumer));
        consumer.ok_or_else(|| self.not_found())
    }

    pub(super) fn consumer_mut<'s>(&self, state: &'s mut StreamState) -> Result<&'s mut Consumer, Error> {
        let consumer = state.consumers.get_mut(self.name).filter(|consumer| self.is(consumer));
        consumer.ok_or_else(|| self.not_found())
    }

    fn is(&self, consumer: &Consumer) -> bool {
        self.arn.is_none_or(|arn| arn == consumer.arn)
    }

    fn not_found(&self) -> Error {
        let consumer = self.arn.unwrap_or(self.name);
        Error::not_found(format!(
            "Consumer {consumer} of stream {} under account {} not found.",
            self.stream.name, self.account
        ))
    }
}

fn find_stream(account: &Account, arn: Option<&str>, now: Timestamp) -> Result<Arc<Stream>, Error> {
    let arn = arn.ok_or_else(|| Error::missing("streamARN"))?;
    account.find(StreamRef { name: None, arn: Some(arn) }, now)
}

/// Takes a consumer's ARN apart into its stream's ARN and its name.
fn parse_arn(arn: &str) -> Result<(&str, &str), Error> {
    let parts = arn.split_once("/consumer/").and_then(|(stream, consumer)| {
        let (name, created) = consumer.split_once(':')?;
        let well_formed = !created.is_empty() && created.bytes().all(|byte| byte.is_ascii_digit());
        well_formed.then_some((stream, name))
    });
    parts.ok_or_else(|| {
        let rule = r"satisfy regular expression pattern: ^(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+";
        Error::constraint(Some(arn), "consumerARN", rule)
    })
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=limits::CONSUMER_NAME_CHARACTERS).contains(&name.chars().count());
    let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    let rule = match (fits, allowed) {
        (true, true) => return Ok(()),
        (false, _) => "have length between 1 and 128",
        (true, false) => "satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    };
    Err(Error::constraint(Some(name), "consumerName", rule))
}
