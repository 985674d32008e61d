//! Logging in and out.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use maud::html;
use zeroize::Zeroizing;

use super::admission::{Admission, Try};
use super::guard::is_own_page;
use super::sessions::LIFE;
use super::{page, server};

/// Where the form is.
pub(super) const LOGIN: &str = "/login";

pub(super) fn pages(admission: Arc<Admission>) -> Router {
    Router::new()
        .route(LOGIN, get(form).post(log_in))
        .route("/logout", post(log_out))
        .merge(page::files())
        .with_state(admission)
}

async fn form(State(admission): State<Arc<Admission>>) -> Response {
    if !admission.has_password() {
        return Redirect::to("/").into_response();
    }
    show(&admission, StatusCode::OK, None)
}

fn show(admission: &Admission, status: StatusCode, wrong: Option<&str>) -> Response {
    let page = page::bare(
        admission.name,
        &html! {
            form.card method="post" action=(LOGIN) {
                h1 { "prb " (admission.name) }
                label { "Password" input type="password" name="password" autocomplete="current-password" required autofocus; }
                @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
                button.main { "Log in" }
            }
        },
    );
    (status, page).into_response()
}

async fn log_in(
    State(admission): State<Arc<Admission>>,
    Extension(visitor): Extension<server::Visitor>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(refusal) = is_own_page(&headers) {
        return (refusal.status(), refusal.reason()).into_response();
    }
    let fields = url::form_urlencoded::parse(&body);
    let given = fields.into_iter().find_map(|(name, value)| (name == "password").then_some(value));
    let given = Zeroizing::new(given.unwrap_or_default().into_owned());
    let now = Instant::now();
    match admission.try_password(given.trim().as_bytes(), visitor.0.ip(), now) {
        Try::Right => {
            let cookie = format!(
                "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
                admission.cookie(),
                admission.begin(now),
                LIFE.as_secs(),
            );
            ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
        }
        Try::Wrong => show(&admission, StatusCode::UNAUTHORIZED, Some("That is not it.")),
        Try::TooMany => show(
            &admission,
            StatusCode::TOO_MANY_REQUESTS,
            Some("Too many wrong passwords: wait a minute."),
        ),
    }
}

async fn log_out(State(admission): State<Arc<Admission>>, headers: HeaderMap) -> Response {
    if let Err(refusal) = is_own_page(&headers) {
        return (refusal.status(), refusal.reason()).into_response();
    }
    admission.end(&headers);
    let cookie = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", admission.cookie());
    ([(header::SET_COOKIE, cookie)], Redirect::to(LOGIN)).into_response()
}
