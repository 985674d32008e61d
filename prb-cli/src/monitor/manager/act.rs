//! What is asked for on a manager's pages: the same methods as through the JSON proxy, but for
//! amounts, which people write in PHA.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use prb_core::lifecycle::{Amount, AmountError};
use prb_walkie::rpc;
use serde_json::Value;

use crate::monitor::asking::Asking;
use crate::monitor::proxy::CALL;
use crate::web::change::{Change, refused};

pub(super) async fn call(
    State(asking): State<Arc<Asking>>,
    Path((id, name)): Path<(String, String)>,
    Change(body): Change,
) -> Response {
    let (Some(peer), Some(method)) = (asking.peer(&id), rpc::method(&name)) else {
        return refused(StatusCode::NOT_FOUND, "no such peer, or no such method");
    };
    let mut message: Value = match serde_json::from_slice(&body) {
        Ok(message) => message,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &format!("not JSON: {error}")),
    };
    if let Err(error) = to_planck(&mut message) {
        return refused(StatusCode::BAD_REQUEST, &error);
    }
    let answer = asking.walkie.call_json(peer.id, method, &message, CALL).await;
    // Whoever looks now sees what came of it.
    asking.forget(peer.id);
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => refused(StatusCode::BAD_GATEWAY, &error.to_string()),
    }
}

/// Every stake in a message, in planck. A bare number is not taken for planck, which few people
/// mean.
fn to_planck(message: &mut Value) -> Result<(), String> {
    match message {
        Value::Object(fields) => fields.iter_mut().try_for_each(|(name, value)| match value {
            Value::String(text) if name == "stake" => {
                let amount: Amount =
                    text.parse().map_err(|error: AmountError| error.to_string())?;
                if amount.0 > 0 && text.trim().bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(format!("stake: {0}: of what? Write {0} PHA", text.trim()));
                }
                *text = amount.0.to_string();
                Ok(())
            }
            value => to_planck(value),
        }),
        Value::Array(items) => items.iter_mut().try_for_each(to_planck),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stakes_are_sent_in_planck() {
        let mut message =
            json!({ "workers": [{ "name": "4 PHA", "stake": "4.5 PHA", "pid": "1" }] });
        to_planck(&mut message).unwrap();
        let expected =
            json!({ "workers": [{ "name": "4 PHA", "stake": "4500000000000", "pid": "1" }] });
        assert_eq!(message, expected);
        let wrong = |stake: &str| to_planck(&mut json!({ "stake": stake })).unwrap_err();
        assert!(wrong("many").contains("many"));
        assert_eq!(wrong("4000"), "stake: 4000: of what? Write 4000 PHA");
        to_planck(&mut json!({ "stake": "0" })).unwrap();
    }
}
