//! A stream at Kinesis, for the calls that neither a source nor a sink makes.

use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::Region;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::Builder;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Consumer, Shard, StreamDescriptionSummary, StreamModeDetails};
use headwater_kinesis::StreamRef;

use crate::connection::Connection;
use crate::failure::{Failure, chain};
use crate::rfc3339::rfc3339;

/// How often a call that was throttled, or that nobody answered, is made at most.
const ATTEMPTS: u32 = 6;

/// The most that is waited after the first attempt; each further one doubles it.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// How long a connection is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long all attempts of a call may take: somebody sits before the terminal.
const PATIENCE: Duration = Duration::from_secs(9);

/// What did not work, in one line: the call, its subject and the answer.
pub(crate) type Answer<T> = Result<T, String>;

/// A stream at Kinesis, by its name or its ARN.
#[derive(Clone, Debug)]
pub(crate) struct StreamApi {
    client: Client,
    stream: StreamRef,
}

impl StreamApi {
    /// Reaches a stream, in the region of its ARN where no other is set.
    pub(crate) fn new(connection: &Connection, stream: StreamRef) -> Result<Self, Failure> {
        Ok(Self { client: client(connection, stream.region())?, stream })
    }

    /// The client that its calls are made with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What a request's `StreamName` is set to: nothing where there is an ARN.
    pub(crate) fn name(&self) -> Option<String> {
        self.stream.arn().is_none().then(|| self.stream.name().to_owned())
    }

    /// What a request's `StreamARN` is set to.
    pub(crate) fn arn(&self) -> Option<String> {
        self.stream.arn().map(str::to_owned)
    }

    /// Describes the stream without its shards.
    pub(crate) async fn summary(&self) -> Answer<StreamDescriptionSummary> {
        let call = self.client.describe_stream_summary();
        let answer = call.set_stream_name(self.name()).set_stream_arn(self.arn()).send().await;
        let what = format!("describe stream {}", self.stream);
        let answer = answer.map_err(|error| told(&what, &error))?;
        answer.stream_description_summary.ok_or_else(|| format!("{what}: the answer is empty"))
    }

    /// Lists every shard that the stream still has, closed ones too.
    pub(crate) async fn shards(&self) -> Answer<Vec<Shard>> {
        let mut shards = Vec::new();
        let mut token: Option<String> = None;
        loop {
            // A token stands for the stream, and Kinesis refuses it together with one.
            let call = match token {
                Some(token) => self.client.list_shards().next_token(token),
                None => self.client.list_shards().set_stream_name(self.name()).set_stream_arn(self.arn()),
            };
            let page = call.send().await;
            let page = page.map_err(|error| told(format_args!("list shards of {}", self.stream), &error))?;
            shards.extend(page.shards.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(shards);
            }
        }
    }

    /// Lists the consumers that are registered for enhanced fan-out, by the stream's ARN.
    pub(crate) async fn consumers(&self, arn: &str) -> Answer<Vec<Consumer>> {
        let mut consumers = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = self.client.list_stream_consumers().stream_arn(arn).set_next_token(token);
            let page = call.send().await;
            let page =
                page.map_err(|error| told(format_args!("list consumers of {}", self.stream), &error))?;
            consumers.extend(page.consumers.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                return Ok(consumers);
            }
        }
    }
}

/// A client that waits out throttling, in the region that is set or else in the one of an ARN.
pub(crate) fn client(connection: &Connection, arn_region: Option<&str>) -> Result<Client, Failure> {
    let region = region(connection, arn_region)?;
    let retry = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACKOFF);
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(PATIENCE);
    let config = Builder::from(connection.config()).region(region).retry_config(retry);
    let config = config.timeout_config(timeouts.build());
    Ok(Client::from_conf(config.build()))
}

/// The region that is set, or else the one of an ARN, which it must not contradict.
pub(crate) fn region(connection: &Connection, arn_region: Option<&str>) -> Result<Region, Failure> {
    match (connection.config().region(), arn_region) {
        (None, None) => Err(Failure::usage("no region is set: --region, AWS_REGION or a profile names one")),
        (Some(mine), Some(theirs)) if mine.as_ref() != theirs => Err(Failure::usage(format!(
            "the region is {mine}, and the stream's ARN lies in {theirs}: --region {theirs} is right"
        ))),
        (Some(mine), _) => Ok(mine.clone()),
        (None, Some(theirs)) => Ok(Region::new(theirs.to_owned())),
    }
}

/// Whether a shard still takes records.
pub(crate) fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range().is_none_or(|range| range.ending_sequence_number().is_none())
}

/// The mode of a stream. A server that has no modes has only the one that was before them.
pub(crate) fn mode(details: Option<StreamModeDetails>) -> String {
    details.map_or_else(|| "PROVISIONED".to_owned(), |mode| mode.stream_mode.to_string())
}

/// Writes a time of an answer.
pub(crate) fn shown(time: DateTime) -> Option<String> {
    SystemTime::try_from(time).ok().map(rfc3339)
}

/// Says why a call failed: the code and message of the service, or what kept it from answering.
pub(crate) fn told<E, R>(what: impl fmt::Display, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    let Some(code) = error.code() else {
        let is_gone =
            matches!(error, SdkError::DispatchFailure(failure) if failure.is_io() || failure.is_timeout());
        let remedy = if is_gone { "; --endpoint-url and --region say where Kinesis answers" } else { "" };
        return format!("{what}: {}{remedy}", chain(error));
    };
    let message = error.message().map(|message| message.trim_end_matches('.'));
    let message = message.map(|message| format!(": {message}")).unwrap_or_default();
    let remedy = match code {
        "ResourceNotFoundException" => "; `headwater list` shows the streams that there are",
        "UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException" => {
            "; --profile chooses other credentials"
        }
        _ => "",
    };
    format!("{what}: {code}{message}{remedy}")
}
