//! Who is let in: with a password those who give it, else who calls this host by its names.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use prb_walkie::access::Limiter;
use uuid::Uuid;

use super::guard::Hosts;
use super::login::LOGIN;
use super::password::Password;
use super::sessions::Sessions;
use super::{page, server};

/// What must be had to be asked for the password.
const OPEN: [&str; 4] = [LOGIN, page::STYLE, page::SCRIPT, page::ICON];

/// The rules of one set of pages, and who was let in.
#[derive(Debug)]
pub(super) struct Admission {
    /// What the pages are called.
    pub(super) name: &'static str,
    password: Option<Password>,
    hosts: Hosts,
    state: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    sessions: Sessions,
    attempts: Limiter,
}

/// What came of a try at the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// It is right.
    Right,
    /// It is wrong.
    Wrong,
    /// Too many from there were wrong of late: this one was not looked at.
    TooMany,
}

impl Admission {
    pub(super) fn new(name: &'static str, password: Option<Password>, hosts: Hosts) -> Self {
        Self { name, password, hosts, state: Mutex::default() }
    }

    /// Whether `given` is the password.
    pub(super) fn try_password(&self, given: &[u8], from: IpAddr, now: Instant) -> Try {
        let mut state = self.state();
        if !state.attempts.may_try(Some(from), now) {
            tracing::warn!(%from, "too many wrong passwords of the {}", self.name);
            return Try::TooMany;
        }
        if self.password.as_ref().is_some_and(|password| password.is(given)) {
            return Try::Right;
        }
        state.attempts.failed(Some(from), now);
        tracing::warn!(%from, "a wrong password of the {}", self.name);
        Try::Wrong
    }

    /// Begins a session; what its browser is to hold.
    pub(super) fn begin(&self, now: Instant) -> Uuid {
        self.state().sessions.begin(now)
    }

    /// Ends the session of this request, if it has one.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(key) = self.session(headers) {
            self.state().sessions.end(&key);
        }
    }

    /// Whether there is anything to log in to.
    pub(super) fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The cookie, by name: those of all ports of a host lie in one jar.
    pub(super) fn cookie(&self) -> String {
        format!("prb_{}", self.name.replace(' ', "_"))
    }

    fn session(&self, headers: &HeaderMap) -> Option<Uuid> {
        let name = self.cookie();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then(|| value.parse().ok())?)
    }

    fn is_known(&self, headers: &HeaderMap, now: Instant) -> bool {
        self.session(headers).is_some_and(|key| self.state().sessions.is_open(&key, now))
    }

    /// A panic while it was held leaves nothing half-done that matters here.
    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a request through, or answers why not.
pub(super) async fn admit(
    State(admission): State<Arc<Admission>>,
    request: Request,
    next: Next,
) -> Response {
    match refused(&admission, &request) {
        None => next.run(request).await,
        Some(answer) => answer,
    }
}

fn refused(admission: &Admission, request: &Request) -> Option<Response> {
    let headers = request.headers();
    if !admission.has_password() {
        // A name pointed at us would be another site to the browser, without our cookie; where
        // there is none, the name itself must do.
        let refusal = admission.hosts.check(headers).err()?;
        return Some((refusal.status(), format!("{}\n", refusal.reason())).into_response());
    }
    let now = Instant::now();
    if OPEN.contains(&request.uri().path()) || admission.is_known(headers, now) {
        return None;
    }
    let Some(password) = basic(headers) else { return Some(asked_to_log_in(request)) };
    // Every connection says where it comes from; were it not so, all would be counted as one.
    let visitor = request.extensions().get::<server::Visitor>();
    let from = visitor.map_or(Ipv4Addr::UNSPECIFIED.into(), |visitor| visitor.0.ip());
    match admission.try_password(&password, from, now) {
        Try::Right => None,
        Try::Wrong => Some(challenge()),
        Try::TooMany => Some(
            (StatusCode::TOO_MANY_REQUESTS, "too many wrong passwords: wait a minute\n")
                .into_response(),
        ),
    }
}

/// The password of `Authorization: Basic`; the name before it does not count.
fn basic(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded[colon + 1..].to_vec())
}

/// People get the form. Scripts of ours get no challenge: the browser would open a dialogue of its
/// own.
fn asked_to_log_in(request: &Request) -> Response {
    let headers = request.headers();
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let accepts = accepts.unwrap_or_default();
    if request.method() == Method::GET && accepts.contains("text/html") {
        Redirect::to(LOGIN).into_response()
    } else if accepts.contains("text/event-stream") || headers.contains_key(page::BY_SCRIPT) {
        StatusCode::UNAUTHORIZED.into_response()
    } else {
        challenge()
    }
}

fn challenge() -> Response {
    let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"prb\", charset=\"UTF-8\"")];
    (StatusCode::UNAUTHORIZED, challenge, "a password is needed\n").into_response()
}
