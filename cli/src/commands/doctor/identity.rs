//! Who asks, and where.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as From;
use aws_credential_types::provider::ProvideCredentials as _;

use crate::commands::doctor::check::Check;
use crate::commands::doctor::refusal::{Refusal, Why};
use crate::connection::{Connection, NOBODY};
use crate::failure::causes;

/// Where requests go, unless they cannot go anywhere.
pub(crate) fn place(config: &SdkConfig, arn_region: Option<&str>) -> Check {
    let Some(region) = config.region().map(AsRef::as_ref) else {
        return Check::finding(
            "region",
            "there is none",
            "name one: --region, AWS_REGION, or region in the profile of the shared AWS configuration",
        );
    };
    match arn_region {
        Some(of_arn) if of_arn != region => Check::finding(
            "region",
            format!("requests go to {region}, and the stream's ARN is in {of_arn}"),
            format!("say --region {of_arn}"),
        ),
        _ => Check::ok("region", format!("{region}, {}", endpoint(config))),
    }
}

/// Where requests go, without what a URL may hold of a user and a password.
fn endpoint(config: &SdkConfig) -> String {
    let Some(url) = config.endpoint_url() else { return "the endpoint of AWS".to_owned() };
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let host = rest[..end].rsplit_once('@').map_or(&rest[..end], |(_, host)| host);
            format!("the endpoint {scheme}://{host}")
        }
        None => "the endpoint that was named".to_owned(),
    }
}

/// What requests are signed with, and where that comes from. `None` where there is nothing to sign with.
pub(crate) async fn credentials(config: &SdkConfig) -> (Check, Option<Credentials>) {
    const REMEDY: &str = "name some: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, --profile or AWS_PROFILE; a container or \
                          an instance has them with its role";
    let Some(provider) = config.credentials_provider() else {
        return (Check::finding("credentials", "there are none", REMEDY), None);
    };
    match provider.provide_credentials().await {
        Ok(credentials) => (Check::ok("credentials", told(&credentials)), Some(credentials)),
        Err(error) => {
            // The SDK tells of each place that it looked in, one a line.
            let told = causes(&error);
            let places: Vec<&str> = told.lines().map(str::trim).collect();
            (Check::finding("credentials", places.join("; "), REMEDY), None)
        }
    }
}

/// The source and the end of the access key: enough to tell keys apart, and of no use to anybody.
fn told(credentials: &Credentials) -> String {
    let key = credentials.access_key_id();
    if key == NOBODY {
        return "nobody's, as the endpoint is on this machine".to_owned();
    }
    let end = key.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    let session = if credentials.session_token().is_some() { ", of a session" } else { "" };
    format!("from {}, access key …{}{session}", source(credentials), &key[end..])
}

fn source(credentials: &Credentials) -> String {
    let sources = credentials.get_property::<Vec<From>>().map_or(&[][..], Vec::as_slice);
    let words: Vec<&str> = sources.iter().filter_map(word).collect();
    match words.is_empty() {
        true if credentials.access_key_id() == NOBODY => {
            "nobody, as the endpoint is on this machine".to_owned()
        }
        true => "a source that does not tell".to_owned(),
        false => words.join(" by "),
    }
}

fn word(source: &From) -> Option<&'static str> {
    Some(match source {
        From::CredentialsEnvVars => "the environment",
        From::CredentialsEnvVarsStsWebIdToken | From::CredentialsProfileStsWebIdToken => {
            "a web identity token"
        }
        From::CredentialsStsAssumeRole
        | From::CredentialsStsAssumeRoleWebId
        | From::CredentialsStsAssumeRoleSaml => "a role that was assumed",
        From::CredentialsProfile
        | From::CredentialsProfileSourceProfile
        | From::CredentialsProfileNamedProvider => "a profile",
        From::CredentialsSso | From::CredentialsProfileSso => "single sign-on",
        From::CredentialsProcess | From::CredentialsProfileProcess => "a process",
        From::CredentialsHttp => "the container",
        From::CredentialsImds => "the instance",
        _ => return None,
    })
}

/// Who that is, asked of STS; an endpoint that is not of AWS has no STS.
pub(crate) async fn caller(connection: &Connection) -> Check {
    const NAME: &str = "identity";
    let named = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].map(|name| std::env::var(name).ok());
    let url = named.into_iter().flatten().find(|url| !url.is_empty());
    let is_of_aws = connection.config().endpoint_url().is_none_or(|url| url.contains(".amazonaws.com"));
    if url.is_none() && !is_of_aws {
        return Check::not_checked(
            NAME,
            "the endpoint is not that of AWS; AWS_ENDPOINT_URL_STS names its STS",
        );
    }
    let sts = aws_sdk_sts::Client::new(&connection.elsewhere(url).await);
    match sts.get_caller_identity().send().await {
        Ok(caller) => {
            let (arn, account) = (caller.arn().unwrap_or("nobody"), caller.account().unwrap_or("none"));
            Check::ok(NAME, format!("{arn}, account {account}"))
        }
        Err(error) => {
            let refusal = Refusal::from(error);
            match refusal.why {
                Why::Unknown => refusal.of_action("sts:GetCallerIdentity", "*"),
                _ => Check::not_checked(NAME, refusal.told),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;

    use super::{told, word};

    #[test]
    fn of_credentials_only_the_source_and_the_end_of_the_key_are_told() {
        let credentials = Credentials::from_keys("AKIAEXAMPLE12345", "s3cret", Some("t0ken".to_owned()));
        let told = told(&credentials);
        assert!(told.contains("…2345") && told.contains("session"), "{told}");
        for secret in ["s3cret", "t0ken", "AKIAEXAMPLE"] {
            assert!(!told.contains(secret), "{told}");
        }
        assert_eq!(word(&super::From::CredentialsImds), Some("the instance"));
    }
}
