//! The local clock beside the service's.

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::doctor::told::Told;
use crate::support::Headwater;

/// An endpoint that knows no stream, and whose clock is ahead.
async fn ahead_by(ahead: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let date = DateTime::from(SystemTime::now() + ahead).fmt(DateTimeFormat::HttpDate).unwrap();
            let body = r#"{"__type":"ResourceNotFoundException","message":"no such stream"}"#;
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\nDate: {date}\r\nContent-Type: application/x-amz-json-1.1\r\n\
                 Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            // The request fits one segment of loopback.
            let _ = stream.read(&mut [0; 65_536]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn a_clock_that_is_off_is_found() {
    let url = ahead_by(Duration::from_mins(2)).await;
    let told = Told::by(Headwater::new(["doctor", "orders", "--endpoint-url", &url])).await;
    told.found("clock", "s behind the service's", "chrony");
    let url = ahead_by(Duration::ZERO).await;
    let told = Told::by(Headwater::new(["doctor", "orders", "--endpoint-url", &url])).await;
    assert_eq!(told.verdict("clock"), "ok");
}
