//! The wrappers that carry a call on a peer's stream.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use prost::Message;

use crate::proto::error::ResponseError;
use crate::proto::{WalkieRpcRequestWrapper, WalkieRpcResponseWrapper};

/// A request and the nonce its answer must repeat.
pub(crate) fn request(method: &str, data: Bytes, timeout: Duration) -> (String, Bytes) {
    let nonce = nonce();
    let wrapper = WalkieRpcRequestWrapper {
        created_at: now_ms(),
        nonce: nonce.clone(),
        data,
        method: method.to_owned(),
        timeout_ms: timeout.as_millis().try_into().unwrap_or(u64::MAX),
    };
    (nonce, wrapper.encode_to_vec().into())
}

/// The answer to the request with this nonce.
pub(crate) fn answer(request_nonce: String, outcome: Result<Bytes, ResponseError>) -> Bytes {
    let (data, error) = match outcome {
        Ok(data) => (data, None),
        Err(error) => (Bytes::new(), Some(error)),
    };
    let wrapper = WalkieRpcResponseWrapper {
        created_at: now_ms(),
        request_nonce,
        nonce: nonce(),
        has_error: error.is_some(),
        data,
        error,
    };
    wrapper.encode_to_vec().into()
}

/// A UUID of version 4. Nobody gains by guessing one: it only tells answers apart.
fn nonce() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
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

/// The answer, if it is one to the request with this nonce; otherwise what is wrong with it.
///
/// Nothing at all decodes as a wrapper too; only the nonce makes it an answer. A peer that could
/// not even read the request repeats none, but then says what is wrong.
pub(crate) fn answer_to(nonce: &str, answer: &Bytes) -> Result<WalkieRpcResponseWrapper, String> {
    let wrapper =
        WalkieRpcResponseWrapper::decode(answer.clone()).map_err(|error| error.to_string())?;
    let anonymous_error = wrapper.request_nonce.is_empty() && wrapper.error.is_some();
    if wrapper.request_nonce == nonce || anonymous_error {
        Ok(wrapper)
    } else if answer.is_empty() {
        Err("nothing".to_owned())
    } else {
        Err("it is not for this request".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::error::ResponseErrorType;

    #[test]
    fn only_what_repeats_the_nonce_is_an_answer() {
        let (nonce, request) =
            request("Hello", Bytes::from_static(b"data"), Duration::from_secs(1));
        let request = WalkieRpcRequestWrapper::decode(request).unwrap();
        assert_eq!((request.nonce.as_str(), request.timeout_ms), (nonce.as_str(), 1000));
        let made = |to: &str, outcome| answer_to(&nonce, &answer(to.to_owned(), outcome));
        assert!(made(&nonce, Ok(Bytes::new())).is_ok());
        assert!(made("another", Ok(Bytes::new())).is_err());
        assert!(answer_to(&nonce, &Bytes::new()).is_err(), "what a dropped stream leaves");
        assert!(answer_to(&nonce, &Bytes::from_static(b"\xff")).is_err());
        let error =
            ResponseError { r#type: ResponseErrorType::Server.into(), ..ResponseError::default() };
        assert!(made("", Err(error)).is_ok());
    }

    #[test]
    fn nonces_are_uuids_and_differ() {
        let nonces: std::collections::HashSet<_> = (0..1000).map(|_| nonce()).collect();
        assert_eq!(nonces.len(), 1000);
        for nonce in nonces {
            assert_eq!(uuid::Uuid::parse_str(&nonce).unwrap().get_version_num(), 4);
        }
    }
}
