//! The wrappers that carry a call on a peer's stream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use prost::Message;
use uuid::Uuid;

use crate::proto::error::ResponseError;
use crate::proto::{WalkieRpcRequestWrapper, WalkieRpcResponseWrapper};

/// A request and the nonce its answer must repeat.
pub(crate) fn request(method: &str, data: &[u8], timeout: Duration) -> (String, Bytes) {
    let nonce = Uuid::new_v4().to_string();
    let wrapper = WalkieRpcRequestWrapper {
        created_at: now_ms(),
        nonce: nonce.clone(),
        data: data.to_vec(),
        method: method.to_owned(),
        timeout_ms: timeout.as_millis().try_into().unwrap_or(u64::MAX),
    };
    (nonce, wrapper.encode_to_vec().into())
}

/// The answer to the request with this nonce.
pub(crate) fn answer(nonce: &str, outcome: Result<Bytes, &ResponseError>) -> Bytes {
    let (data, error) = match outcome {
        Ok(data) => (data.into(), None),
        Err(error) => (Vec::new(), Some(error.clone())),
    };
    let wrapper = WalkieRpcResponseWrapper {
        created_at: now_ms(),
        request_nonce: nonce.to_owned(),
        nonce: Uuid::new_v4().to_string(),
        has_error: error.is_some(),
        data,
        error,
    };
    wrapper.encode_to_vec().into()
}

/// Unix milliseconds.
fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
        .try_into()
        .unwrap_or(u64::MAX)
}

/// Whether an answer is for the request with this nonce. A peer that could not even read the
/// request repeats none, but then says what is wrong.
pub(crate) fn answers(nonce: &str, answer: &[u8]) -> bool {
    WalkieRpcResponseWrapper::decode(answer).is_ok_and(|answer| {
        answer.request_nonce == nonce || (answer.request_nonce.is_empty() && answer.error.is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::error::ResponseErrorType;

    #[test]
    fn only_what_repeats_the_nonce_is_an_answer() {
        let (nonce, request) = request("Hello", b"data", Duration::from_secs(1));
        let request = WalkieRpcRequestWrapper::decode(request).unwrap();
        assert_eq!((request.nonce.as_str(), request.timeout_ms), (nonce.as_str(), 1000));
        assert!(answers(&nonce, &answer(&nonce, Ok(Bytes::new()))));
        assert!(!answers(&nonce, &answer("another", Ok(Bytes::new()))));
        assert!(!answers(&nonce, b""), "what a dropped stream leaves");
        assert!(!answers(&nonce, b"\xff"));
        let error =
            ResponseError { r#type: ResponseErrorType::Server.into(), ..ResponseError::default() };
        assert!(answers(&nonce, &answer("", Err(&error))));
    }
}
