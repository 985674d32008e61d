//! Requests that were answered, counted by method and outcome.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tonic::{Code, Status};

use super::method::Method;

/// What a caller names that is no method: its own words are never kept.
const UNKNOWN: &str = "unknown";
/// The deadline passed, or the caller went away.
const GIVEN_UP: &str = "given_up";

/// Requests of one method that ended in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestCount {
    /// The method's name, `unknown` for all that is none.
    pub method: &'static str,
    /// `ok`, the gRPC code of the error such as `not_found`, or `given_up`: the deadline passed or
    /// the caller went away.
    pub outcome: &'static str,
    /// How many there were.
    pub count: u64,
}

/// Requests that a node answered so far, over both transports; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<(&'static str, &'static str), u64>>>);

impl Requests {
    /// All counts, by method and outcome.
    pub fn counts(&self) -> Vec<RequestCount> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |(&(method, outcome), &count)| RequestCount { method, outcome, count };
        counts.iter().map(count).collect()
    }

    /// Counts a request, `None` for what is no method.
    pub(crate) fn count(&self, method: Option<&'static Method>, code: Code) {
        self.begin(method).ended(code);
    }

    /// A request that is counted when it has ended, or is given up.
    pub(crate) fn begin(&self, method: Option<&'static Method>) -> Begun {
        let method = method.map_or(UNKNOWN, Method::name);
        Begun { requests: self.clone(), method, outcome: GIVEN_UP }
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Begun {
    requests: Requests,
    method: &'static str,
    outcome: &'static str,
}

impl Begun {
    pub(crate) fn ended(mut self, code: Code) {
        self.outcome = outcome(code);
    }

    /// Ended with this response. An error stands in the headers: there is no body then.
    pub(crate) fn answered<B>(self, response: &http::Response<B>) {
        let status = Status::from_header_map(response.headers());
        self.ended(status.map_or(Code::Ok, |status| status.code()));
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut counts = self.requests.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((self.method, self.outcome)).or_default() += 1;
    }
}

fn outcome(code: Code) -> &'static str {
    match code {
        Code::Ok => "ok",
        Code::Cancelled => "cancelled",
        Code::Unknown => "unknown",
        Code::InvalidArgument => "invalid_argument",
        Code::DeadlineExceeded => "deadline_exceeded",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Aborted => "aborted",
        Code::OutOfRange => "out_of_range",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::Unavailable => "unavailable",
        Code::DataLoss => "data_loss",
        Code::Unauthenticated => "unauthenticated",
    }
}
