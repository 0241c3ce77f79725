//! Bodies of answers that are wanted whole.

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use headwater::{Error, ErrorKind};

/// Collects the body of an answer, which may have so many bytes.
///
/// # Errors
///
/// What broke it off, or `Unavailable` where it has more.
pub(super) async fn collect(body: SdkBody, most: usize) -> Result<Vec<u8>, ConnectorError> {
    let announced = body.content_length().unwrap_or_default().min(most as u64);
    let mut whole = Vec::with_capacity(announced as usize);
    let mut chunks = ByteStream::new(body);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| ConnectorError::other(error.into(), None))?;
        if whole.len() + chunk.len() > most {
            let context = format!("read the answer: it has more than {most} bytes");
            return Err(ConnectorError::other(Error::new(ErrorKind::Unavailable, context).into(), None));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_is_larger_than_any_should_be_is_not_kept() {
        assert_eq!(collect(SdkBody::from("seven.."), 7).await.unwrap(), b"seven..");
        let error = collect(SdkBody::from("seven.."), 6).await.unwrap_err();
        assert_eq!(error.into_source().to_string(), "read the answer: it has more than 6 bytes");
    }
}
