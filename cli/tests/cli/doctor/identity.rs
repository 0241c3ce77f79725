//! Who asks, as STS tells it.

use std::time::Duration;

use headwater_tests::Server;

use crate::doctor::canned::answering;
use crate::doctor::told::Told;
use crate::support::Headwater;

const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>AIDA</UserId>\
    <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

const UNKNOWN: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
    <Code>InvalidClientTokenId</Code><Message>The token is invalid.</Message></Error></ErrorResponse>";

#[tokio::test]
async fn the_caller_is_told_by_its_arn_and_account_and_one_that_is_not_known_is_found() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("caller", 1).await;
    let doctor = |url: String| {
        Told::by(Headwater::at(endpoint, ["doctor", stream.name()]).env("AWS_ENDPOINT_URL_STS", url))
    };
    let told = doctor(answering(200, CALLER, Duration::ZERO).await).await;
    told.nothing_found();
    assert_eq!(told.seen("identity"), "arn:aws:iam::123456789012:user/ada, account 123456789012");

    let told = doctor(answering(403, UNKNOWN, Duration::ZERO).await).await;
    told.found_only("sts:GetCallerIdentity", "InvalidClientTokenId", "--profile");
}
