//! The local clock beside the service's.

use std::time::Duration;

use crate::doctor::canned::answering;
use crate::doctor::told::Told;
use crate::support::Headwater;

const NO_SUCH_STREAM: &str = r#"{"__type":"ResourceNotFoundException","message":"no such stream"}"#;

#[tokio::test]
async fn a_clock_that_is_off_is_found() {
    let url = answering(400, NO_SUCH_STREAM, Duration::from_mins(2)).await;
    let told = Told::by(Headwater::new(["doctor", "orders", "--endpoint-url", &url])).await;
    told.found("clock", "s behind the service's", "chrony");
    let url = answering(400, NO_SUCH_STREAM, Duration::ZERO).await;
    let told = Told::by(Headwater::new(["doctor", "orders", "--endpoint-url", &url])).await;
    assert_eq!(told.verdict("clock"), "ok");
}
