//! Calls past the SDK's orchestrator, once it has made one that differs in nothing but its body.
//!
//! For each call the orchestrator sets up anew what it set up for the last: layers of configuration, components, some
//! dozen interceptors, the endpoint. A call of 500 records pays for that what fifty records cost. What it comes to does
//! not change from call to call, so it is learnt from one that succeeded, and anew from time to time. The
//! credentials still come from the cache of the SDK, the signature from its signer, and the request goes out by its HTTP
//! client.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::Config;
use aws_sdk_kinesis::config::{ConfigBag, ResolveCachedIdentity, RuntimeComponents};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeId};
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::{DateTime, Format as DateFormat};
use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::Format;
use super::exchange::is_exchange;

/// What the SDK calls the scheme of its signatures.
const SCHEME: AuthSchemeId = AuthSchemeId::new("sigv4");
const INVOCATION: &str = "amz-sdk-invocation-id";
const ATTEMPT: &str = "amz-sdk-request";
const DATE: &str = "x-amz-date";
/// What each signature adds, and what is added to what is signed.
const ADDED: [&str; 5] = ["authorization", DATE, "x-amz-security-token", INVOCATION, ATTEMPT];
/// What is the same for each call, or goes by its body. Any other header may tell of one call alone.
const KNOWN: [&str; 6] =
    ["content-length", "content-type", "host", "user-agent", "x-amz-target", "x-amz-user-agent"];
/// How far apart two looks at the clock for one call may be. What is further is a correction of the SDK's.
const APART: Duration = Duration::from_secs(5);

/// For how long a shortcut is good. A resolver of endpoints that a user wrote may name another while the old one still
/// answers, so that the SDK is to be asked again, at one call of many thousands.
const GOOD: Duration = Duration::from_mins(1);

/// How to make a call without the orchestrator.
pub(crate) struct Shortcut {
    learnt: Instant,
    uri: String,
    headers: Headers,
    attempt: String,
    region: String,
    service: String,
    components: RuntimeComponents,
    credentials: SharedIdentityResolver,
    connector: SharedHttpConnector,
}

/// Where the shortcut of a client is kept while it is good.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<Arc<Shortcut>>>);

impl Kept {
    pub(crate) fn get(&self) -> Option<Arc<Shortcut>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|shortcut| shortcut.learnt.elapsed() < GOOD)
    }

    pub(crate) fn set(&self, shortcut: Option<Shortcut>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shortcut.map(Arc::new);
    }
}

impl Shortcut {
    /// Tells whether the orchestrator does nothing for the calls of a client that would be missed: no interceptors but
    /// those of this crate, no retries, no watch over slow streams.
    pub(crate) fn is_allowed(config: &Config) -> bool {
        config.interceptors().all(|interceptor| is_exchange(&interceptor))
            && config.retry_config().is_some_and(|retry| !retry.has_retry())
            && config.stalled_stream_protection().is_some_and(|protection| !protection.is_enabled())
    }

    /// Returns how long a call may take.
    pub(crate) fn limit(config: &Config) -> Option<Duration> {
        let timeouts = config.timeout_config()?;
        [timeouts.operation_timeout(), timeouts.operation_attempt_timeout()].into_iter().flatten().min()
    }

    /// Learns from a request that is signed and about to be sent. `None` where not all of it is understood.
    pub(super) fn learn(
        request: &HttpRequest,
        connector: &SharedHttpConnector,
        components: &RuntimeComponents,
    ) -> Option<Self> {
        let is_known = |name: &str| KNOWN.contains(&name) || ADDED.contains(&name);
        if request.method() != "POST" || !request.headers().iter().all(|(name, _)| is_known(name)) {
            return None;
        }
        let (region, service) = scope(request.headers().get("authorization")?)?;
        let now = components.time_source()?.now();
        let signed = signed_at(request.headers().get(DATE)?)?;
        if now.duration_since(signed).unwrap_or_else(|ahead| ahead.duration()) > APART {
            return None;
        }
        let credentials = components.auth_scheme(SCHEME)?.identity_resolver(components)?;
        let attempt = request.headers().get(ATTEMPT)?.to_owned();
        let mut headers = request.headers().clone();
        for name in ADDED {
            headers.remove(name);
        }
        Some(Self {
            learnt: Instant::now(),
            uri: request.uri().to_owned(),
            headers,
            attempt,
            region: region.to_owned(),
            service: service.to_owned(),
            components: components.clone(),
            credentials,
            connector: connector.clone(),
        })
    }

    /// Makes a call, and returns what came of it, or `None` where nothing was sent. Whoever asks sets its limit, which is
    /// to bound the body of the answer as well. `connection` is told by which connection it went.
    pub(crate) async fn call(
        &self,
        format: Format,
        body: Bytes,
        connection: &CaptureSmithyConnection,
    ) -> Option<Result<HttpResponse, ConnectorError>> {
        let request = self.request(format, body, &Uuid::new_v4().to_string()).await;
        let mut request =
            request.inspect_err(|error| tracing::debug!(error, "the SDK is to make the call")).ok()?;
        request.add_extension(connection.clone());
        Some(self.connector.call(request).await)
    }

    async fn request(&self, format: Format, body: Bytes, invocation: &str) -> Result<HttpRequest, BoxError> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method("POST")?;
        request.set_uri(self.uri.as_str())?;
        *request.headers_mut() = self.headers.clone();
        format.put(body.clone(), &mut request);

        let bag = ConfigBag::base();
        let cache = self.components.identity_cache();
        let credentials =
            cache.resolve_cached_identity(self.credentials.clone(), &self.components, &bag).await?;
        let params = v4::SigningParams::builder()
            .identity(&credentials)
            .region(&self.region)
            .name(&self.service)
            .time(self.components.time_source().unwrap_or_default().now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableRequest::new(
            request.method(),
            request.uri(),
            request.headers().iter(),
            SignableBody::Bytes(&body),
        )?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let (headers, _) = instructions.into_parts();
        for header in headers {
            let mut value = http::HeaderValue::from_str(header.value())?;
            value.set_sensitive(header.sensitive());
            request.headers_mut().insert(header.name(), value);
        }
        request.headers_mut().insert(INVOCATION, invocation.to_owned());
        request.headers_mut().insert(ATTEMPT, self.attempt.clone());
        Ok(request)
    }
}

/// Returns the region and the service that a request was signed for.
fn scope(authorization: &str) -> Option<(&str, &str)> {
    let credential = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
    let mut parts = credential.split_once(',')?.0.rsplit('/');
    let (end, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    (end == "aws4_request").then_some((region, service))
}

/// Reads the time of a signature, such as `20260131T235959Z`.
fn signed_at(date: &str) -> Option<SystemTime> {
    let part = |at| date.get(at);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(9..11)?, part(11..13)?, part(13..15)?);
    let date = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    DateTime::from_str(&date, DateFormat::DateTime).ok()?.try_into().ok()
}
