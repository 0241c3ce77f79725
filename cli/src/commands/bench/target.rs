//! Where the records of a benchmark go.

use headwater_benches::{Endpoint, Server, Settings};
use headwater_kinesis::Limits;

use crate::commands::bench::BenchArgs;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::globals::Globals;

/// The most bytes of a request that the test servers take: as base64 it is below their 5 MiB.
const TEST_SERVER_BYTES: usize = 3_500_000;
/// The most bytes of a job on the embedded endpoint, which keeps up to four copies in memory.
const MAX_EMBEDDED_BYTES: u64 = 1 << 30;

/// Where the records go.
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    /// The server, in a few words.
    pub(super) server: String,
    /// Its URL, where one was given, without what is secret in it.
    pub(super) url: Option<String>,
    /// Whether both sides keep to the limits of shards.
    pub(super) limited: bool,
    /// The embedded endpoint, which ends with this.
    embedded: Option<Server>,
}

impl Target {
    /// Finds out where; starts the embedded endpoint where nothing else was asked for.
    pub(super) async fn of(
        args: &BenchArgs,
        globals: &Globals,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let url = globals.endpoint_url.as_deref().map(without_secrets);
        if let (Some(url), false) = (&url, args.aws)
            && url.contains(".amazonaws.com")
        {
            return Err(Failure::usage(format!(
                "--endpoint-url {url}: streams and requests cost money there; add --aws to measure on AWS"
            )));
        }
        let limited = args.limits || args.aws;
        let (mut endpoint, server, embedded) = if url.is_some() || args.aws {
            let config = Connection::load(globals).await.config().clone();
            let server = match (&url, config.region()) {
                (Some(url), _) => url.clone(),
                (None, Some(region)) => format!("Kinesis in {region}"),
                (None, None) => {
                    return Err(Failure::usage("--aws: no region; --region or AWS_REGION names one"));
                }
            };
            (Endpoint { config, ..Endpoint::unlimited("") }, server, None)
        } else {
            let server = embedded(settings)?;
            (server.endpoint(), "headwater-local without limits, in another process".to_owned(), Some(server))
        };
        if limited {
            endpoint.limits = Limits::default();
        }
        if let Some(bytes) = args.batch_bytes {
            endpoint.request_bytes = bytes;
        } else if url.is_some() && !args.aws {
            endpoint.request_bytes = TEST_SERVER_BYTES;
        }
        Ok(Self { endpoint, server, url, limited, embedded })
    }

    /// Whether it is not the embedded endpoint.
    pub(super) fn is_given(&self) -> bool {
        self.embedded.is_none()
    }

    /// Says that nobody answers there.
    pub(super) fn unreachable(&self, error: &headwater_benches::Error) -> Failure {
        let way_out = match (&self.url, &self.embedded) {
            (Some(_), _) => "start a server there, or leave out --endpoint-url for the embedded one",
            (None, None) => {
                "see that credentials and region are right, or leave out --aws for the embedded endpoint"
            }
            (None, Some(_)) => "try again",
        };
        Failure::failed(format!("{}: {error}; {way_out}", self.server))
    }
}

/// Starts the embedded endpoint, unless it could not keep what is sent.
fn embedded(settings: &Settings) -> Result<Server, Failure> {
    let bytes = settings.records as u64 * settings.size as u64;
    if bytes > MAX_EMBEDDED_BYTES {
        let most = MAX_EMBEDDED_BYTES / settings.size as u64;
        return Err(Failure::usage(format!(
            "--records {}: {bytes} bytes are more than the embedded endpoint keeps in memory; up to {most} records \
             of {} bytes are right",
            settings.records, settings.size
        )));
    }
    Server::start(["bench", "--serve"]).map_err(|error| Failure::failed(error.to_string()))
}

/// A URL without the name and password that may be in it.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn a_url_is_told_without_what_is_secret_in_it() {
        for (url, told) in [
            ("http://localhost:4567", "http://localhost:4567"),
            ("https://me:secret@kinesis.test/path?token=secret", "https://kinesis.test/path"),
            ("https://me:p@ss@kinesis.test:1#secret", "https://kinesis.test:1"),
        ] {
            assert_eq!(without_secrets(url), told);
        }
    }
}
