//! A stream to look at, at an endpoint of this process.

use headwater_local::{LocalKinesis, Server};

use crate::support::Headwater;

/// `headwater doctor orders` at such an endpoint.
pub(super) fn doctor(server: &Server, flags: &[&str]) -> Headwater {
    let url = server.endpoint_url();
    Headwater::new([&["doctor", "orders", "--endpoint-url", &url], flags].concat())
}

/// An endpoint with a stream `orders`.
pub(super) async fn orders() -> Server {
    LocalKinesis::builder().stream("orders", 2).serve().await.unwrap()
}
