//! What browsers are told of every answer.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_mins(1);

/// A page loads and asks nothing but from where it came from, and is part of no other page.
const RULES: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With none at all, forms would come from the origin "null".
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds the rules to an answer, which must come in time.
pub(super) async fn confine(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER, next.run(request)).await;
    let mut answer = answer.unwrap_or_else(|_| {
        (StatusCode::GATEWAY_TIMEOUT, "no answer came in time\n").into_response()
    });
    for (name, value) in RULES {
        answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}
