//! An endpoint with one answer.

use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::primitives::{DateTime, DateTimeFormat};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Gives one answer to whatever is asked, by a clock that is ahead; returns where.
pub(crate) async fn answering(status: u16, body: &'static str, ahead: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let date = DateTime::from(SystemTime::now() + ahead).fmt(DateTimeFormat::HttpDate).unwrap();
            let answer = format!(
                "HTTP/1.1 {status} An answer\r\nDate: {date}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            // The request fits one segment of loopback.
            let _ = stream.read(&mut vec![0; 65_536]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}
