//! A role that is assumed for every call.

use std::error::Error as StdError;
use std::ops::RangeInclusive;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use headwater::{Error, ErrorKind, Result};

use crate::error::{causes, from_sdk};

/// What the sessions are called, in the logs of the account that owns the role.
const SESSION_NAME: &str = "headwater";
/// How long an external id may be.
/// Source: [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
const EXTERNAL_ID_CHARS: RangeInclusive<usize> = 2..=1224;

/// A role by its ARN, and what its owner wants to be shown.
#[derive(Debug)]
pub(crate) struct Role {
    arn: String,
    external_id: Option<String>,
}

impl Role {
    pub(crate) fn new(arn: &str, external_id: Option<&str>) -> Result<Self> {
        let invalid = |message: String| Err(Error::new(ErrorKind::Invalid, message));
        if !is_role(arn) {
            return invalid(format!("assume_role = \"{arn}\": arn:aws:iam::ACCOUNT:role/NAME is needed"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        if let Some(id) = external_id
            && !(EXTERNAL_ID_CHARS.contains(&id.len()) && id.chars().all(allowed))
        {
            return invalid("external_id: 2 to 1224 letters, digits and _+=,.@:/- are allowed".to_owned());
        }
        Ok(Self { arn: arn.to_owned(), external_id: external_id.map(str::to_owned) })
    }

    /// Makes credentials of the role out of those of a configuration. No call is made until they are wanted.
    pub(crate) async fn assumed_by(self, base: SdkConfig) -> AssumedRole {
        // The provider panics where there is none, and a configuration that was written by hand mostly has none.
        let clock = base.time_source().unwrap_or_default();
        let base = base.into_builder().time_source(clock).build();
        let mut provider = AssumeRoleProvider::builder(&self.arn).session_name(SESSION_NAME).configure(&base);
        if let Some(id) = self.external_id {
            provider = provider.external_id(id);
        }
        AssumedRole { arn: self.arn, provider: provider.build().await }
    }
}

/// Tells whether a text has the shape `arn:PARTITION:iam::ACCOUNT:role/NAME`.
fn is_role(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, resource] = fields[..] else { return false };
    let name = resource.strip_prefix("role/").unwrap_or_default();
    (prefix, service, region) == ("arn", "iam", "")
        && partition.starts_with("aws")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The credentials of a role.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    arn: String,
    provider: AssumeRoleProvider,
}

impl AssumedRole {
    /// Names the role, and tells a refusal from an STS that cannot be reached, which may pass.
    fn explain(&self, error: CredentialsError) -> CredentialsError {
        let context = format!("assume role {}", self.arn);
        let from_sts =
            causes(&error).find_map(<dyn StdError>::downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>);
        let explained = match from_sts {
            Some(sent) => from_sdk(context, sent),
            None => Error::new(ErrorKind::AccessDenied, context).caused_by(error),
        };
        CredentialsError::provider_error(explained)
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.provider.provide_credentials().await.map_err(|error| self.explain(error))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_config::{BehaviorVersion, Region};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use headwater_local::LocalKinesis;

    use super::*;
    use crate::spy::{Seen, access_key, answer, wire};
    use crate::{KinesisSink, KinesisSource};

    const ROLE: &str = "arn:aws:iam::123456789012:role/orders-writer";

    const GRANTED: &str = "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser>\
        <AssumedRoleId>AROA:headwater</AssumedRoleId>\
        <Arn>arn:aws:sts::123456789012:assumed-role/orders-writer/headwater</Arn></AssumedRoleUser>\
        <Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>\
        <SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
        </AssumeRoleResult></AssumeRoleResponse>";

    const REFUSED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
        <Message>not authorized to perform sts:AssumeRole</Message></Error></ErrorResponse>";

    /// The status of an STS that never answers.
    const SILENCE: u16 = 0;

    /// What STS and Kinesis were asked: host, access key and body.
    type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

    /// Returns an embedded endpoint beside an STS that answers as it is told to.
    fn account(status: u16, body: &'static str) -> (LocalKinesis, SdkConfig, Asked) {
        let local = LocalKinesis::builder().region("eu-west-1").stream("orders", 1).build();
        let asked = Asked::default();
        let log = Arc::clone(&asked);
        let http = wire(&local, move |request: &HttpRequest| {
            let host = request.uri().split('/').nth(2).unwrap().to_owned();
            let text = String::from_utf8_lossy(request.body().bytes().unwrap()).into_owned();
            let is_sts = host.starts_with("sts.");
            log.lock().unwrap().push((host, access_key(request), text));
            match status {
                _ if !is_sts => Seen::Through,
                SILENCE => Seen::Lost,
                status => answer(status, None, body),
            }
        });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "BASE", "secret", None, None, "test",
            )))
            .http_client(http)
            .build();
        (local, config, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn every_call_is_signed_by_the_role_and_only_sts_sees_who_assumed_it() {
        let (_local, config, asked) = account(200, GRANTED);
        let sink = KinesisSink::builder("orders").sdk_config(config).endpoint_url("http://127.0.0.1:4567");
        let _sink = sink.assume_role(ROLE).external_id("tenant-7").connect().await.unwrap();
        let asked = asked.lock().unwrap();
        let places: Vec<_> = asked.iter().map(|(host, key, _)| (host.as_str(), key.as_str())).collect();
        let kinesis = ("127.0.0.1:4567", "ASSUMED");
        assert_eq!(places, [("sts.eu-west-1.amazonaws.com", "BASE"), kinesis, kinesis]);
        for part in
            ["Action=AssumeRole", "role%2Forders-writer", "RoleSessionName=headwater", "ExternalId=tenant-7"]
        {
            assert!(asked[0].2.contains(part), "{}", asked[0].2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_that_is_not_granted_is_named_at_connect() {
        let (local, config, _) = account(403, REFUSED);
        let source = KinesisSource::builder("orders").sdk_config(config).assume_role(ROLE);
        let error = source.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AccessDenied);
        let text = format!("assume role {ROLE}: AccessDenied: not authorized to perform sts:AssumeRole");
        assert_eq!(error.to_string(), format!("describe stream \"orders\" in eu-west-1: {text}"));
        assert_eq!(local.counters().total_calls(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_sts_that_fails_is_no_refusal() {
        let (_local, config, _) = account(503, "");
        let sink = KinesisSink::builder("orders").sdk_config(config).assume_role(ROLE);
        let error = sink.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains(ROLE), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_sts_that_never_answers_is_what_the_error_names() {
        let (_local, config, _) = account(SILENCE, "");
        let sink = KinesisSink::builder("orders").sdk_config(config).assume_role(ROLE);
        let error = sink.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().ends_with(&format!("assume role {ROLE}: no answer in time")), "{error}");
    }

    #[tokio::test]
    async fn a_role_that_cannot_be_is_refused_before_any_call() {
        let (_local, config, asked) = account(200, GRANTED);
        let sink = || KinesisSink::builder("orders").sdk_config(config.clone());
        for arn in [
            "",
            "orders-writer",
            "arn:aws:iam::123456789012:user/ann",
            "arn:aws:iam::1234:role/short",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam:eu-west-1:123456789012:role/regional",
            "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
        ] {
            let error = sink().assume_role(arn).connect().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            let text = format!("assume_role = \"{arn}\": arn:aws:iam::ACCOUNT:role/NAME is needed");
            assert_eq!(error.to_string(), text);
        }
        for (sink, text) in [
            (sink().assume_role(ROLE).external_id("x"), "external_id: 2 to 1224 "),
            (sink().external_id("tenant-7"), "external_id: it is shown when a role is assumed"),
            (sink().assume_role(ROLE).client(LocalKinesis::new().client()), "assume_role: an SDK client "),
        ] {
            let error = sink.connect().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().starts_with(text), "{error}");
        }
        assert!(asked.lock().unwrap().is_empty());
    }

    #[test]
    fn roles_of_every_partition_and_path_are_roles() {
        for arn in
            [ROLE, "arn:aws-cn:iam::123456789012:role/a", "arn:aws-us-gov:iam::123456789012:role/team/a+b"]
        {
            assert!(is_role(arn), "{arn}");
        }
    }
}
