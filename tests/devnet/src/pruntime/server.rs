//! The HTTP side: routes, bodies and their limits, statuses.

mod body;
mod legacy;
mod listener;
mod prpc;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method as HttpMethod, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::call::Answer;
use super::config::Mode;
use super::double::Exit;
use super::instance::Instance;
use super::phactory::Phactory;
use super::proto::PROTOCOL;
pub(super) use listener::ClosableListener;

/// What all requests share.
pub(super) struct Service {
    pub(super) instances: Vec<Arc<Instance>>,
    pub(super) mode: Mode,
    pub(super) kick_api: bool,
    pub(super) exit: Exit,
}

/// The whole server: routing is by path text, for any number of workers.
pub(super) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(route).with_state(service)
}

async fn route(State(service): State<Arc<Service>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some((instance, path)) = service.instance_of(&path) else { return not_found() };
    match (request.method().clone(), path) {
        (HttpMethod::POST | HttpMethod::GET, path) if path.starts_with("/prpc/") => {
            prpc::answer(&service, instance, &path["/prpc/".len()..], request).await
        }
        (HttpMethod::GET, "/info") => info(instance).await,
        (HttpMethod::GET, "/help") => PROTOCOL.into_response(),
        (HttpMethod::POST, "/kick") if service.kick_api => {
            service.exit.abort("kicked".into()).await
        }
        (HttpMethod::POST | HttpMethod::GET, "/get_info") => {
            legacy::get_info(&service, instance).await
        }
        (HttpMethod::POST, path) if path.starts_with("/bin_api/") => {
            legacy::answer(&service, instance, &path["/bin_api/".len()..], request).await
        }
        _ => not_found(),
    }
}

impl Service {
    /// The worker a path is for, and the rest of the path: `/w/3/info` is worker 3's `/info`.
    fn instance_of<'a>(&self, path: &'a str) -> Option<(&Arc<Instance>, &'a str)> {
        let Some(rest) = path.strip_prefix("/w/") else {
            return Some((self.instances.first()?, path));
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let index: usize = rest[..end].parse().ok()?;
        Some((self.instances.get(index)?, &rest[end..]))
    }
}

/// GetInfo as JSON.
async fn info(instance: &Instance) -> Response {
    let info = instance.read(Phactory::info).await;
    prpc::json_response(&Answer::GetInfo(info))
}

/// As pRuntime's web framework answers an unknown path.
fn not_found() -> Response {
    let page = "<!DOCTYPE html><html><head><title>404 Not Found</title></head>\
                <body><h1>404: Not Found</h1></body></html>";
    (StatusCode::NOT_FOUND, Html(page)).into_response()
}

fn octets(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()
}

fn json(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
