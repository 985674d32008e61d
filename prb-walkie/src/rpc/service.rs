//! The service as both transports call it: gate, own methods, the role's methods.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tower_service::Service as Tower;

use super::method::{Method, method};
use super::requests::Requests;
use crate::access::{Caller, Gate};
use crate::proto::walkie_rpc_server::{WalkieRpc, WalkieRpcServer};

/// Every service answers these itself, whatever its role.
const OWN: [&str; 2] = ["Hello", "Auth"];

/// The generated service; a request may have `longest` bytes.
pub(crate) fn server<T: WalkieRpc>(handlers: T, longest: usize) -> WalkieRpcServer<T> {
    WalkieRpcServer::new(handlers)
        .max_decoding_message_size(longest)
        .max_encoding_message_size(usize::MAX)
}

/// One clone for each call.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    gate: Arc<Gate>,
    own: Routes,
    role: Routes,
    requests: Requests,
}

impl Service {
    pub(crate) fn new(gate: Arc<Gate>, own: Routes, role: Routes) -> Self {
        Self { gate, own, role, requests: Requests::default() }
    }

    /// What it answered so far.
    pub(crate) fn requests(&self) -> &Requests {
        &self.requests
    }

    /// The routes that answer the call, or why it is refused.
    fn route(&self, request: &http::Request<Body>) -> Result<Routes, Status> {
        let name = called(request).ok_or_else(|| Status::unimplemented("no such method"))?.name();
        let nobody = Caller::Grpc { token: false };
        let caller = request.extensions().get::<Caller>().unwrap_or(&nobody);
        self.gate.check(caller, name)?;
        Ok(if OWN.contains(&name) { self.own.clone() } else { self.role.clone() })
    }
}

impl NamedService for Service {
    const NAME: &'static str = super::SERVICE;
}

impl Tower<http::Request<Body>> for Service {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let begun = self.requests.begin(called(&request));
        let mut routes = match self.route(&request) {
            Ok(routes) => routes,
            Err(status) => {
                begun.ended(status.code());
                return Box::pin(async move { Ok(status.into_http()) });
            }
        };
        Box::pin(async move {
            let uri = request.uri().clone();
            // A handler that panics fails its own call and no other.
            let answered = AssertUnwindSafe(async move { routes.call(request).await });
            let response = match answered.catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => Status::from_error(error.into()).into_http(),
                Err(panic) => {
                    tracing::error!(
                        path = uri.path(),
                        reason = reason(&*panic),
                        "a handler panicked"
                    );
                    Status::internal("The handler failed.").into_http()
                }
            };
            begun.answered(&response);
            Ok(response)
        })
    }
}

/// The method that a request is for, if there is such a one.
fn called(request: &http::Request<Body>) -> Option<&'static Method> {
    let path = request.uri().path();
    let name = path.rsplit('/').next().unwrap_or_default();
    method(name).filter(|method| method.path() == path)
}

fn reason(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}
