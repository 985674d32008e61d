//! The same service for everybody else: gRPC over TCP.
//!
//! Reflection and health are everybody's. What else a client may do depends on the bearer token
//! it sends; a wrong one is refused, none is a caller without a grant.

use std::net::SocketAddr;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity as TlsIdentity, Server, ServerTlsConfig};
use tonic::{Request, Status};
use tracing::Instrument;

use crate::access::Caller;
use crate::access::token::Token;
use crate::node::{Grpc, StartError};
use crate::rpc::{DESCRIPTORS, SERVICE, Service};

/// How long calls under way have to end when the node stops.
const GRACE: Duration = Duration::from_secs(5);
/// A client that is gone without a word is noticed this soon.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// Calls of one connection.
const MOST_STREAMS: u32 = 1024;

/// Binds the address and serves until `stop`; a handler may take until `deadline`. Returns the address with the port it really got.
pub(crate) async fn serve(
    settings: &Grpc,
    service: Service,
    deadline: Duration,
    stop: CancellationToken,
    tasks: &TaskTracker,
) -> Result<SocketAddr, StartError> {
    let Grpc { address, token, tls } = settings.clone();
    let failed =
        |error: &dyn std::error::Error| StartError::Grpc { address, reason: error.to_string() };
    let incoming = TcpIncoming::bind(address)
        .map_err(|error| failed(&error))?
        // Small answers would wait for acknowledgements otherwise.
        .with_nodelay(Some(true));
    let bound = incoming.local_addr().map_err(|error| failed(&error))?;
    if !bound.ip().is_loopback() && tls.is_none() {
        tracing::warn!(%bound, "gRPC is served beyond this host without TLS");
    }

    let mut server = Server::builder()
        .timeout(deadline)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .max_concurrent_streams(MOST_STREAMS);
    if let Some(tls) = tls {
        let identity = TlsIdentity::from_pem(&tls.certificates, &*tls.key);
        server = server
            .tls_config(ServerTlsConfig::new().identity(identity))
            .map_err(|error| failed(&error))?;
    }
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .build_v1()
        .map_err(|error| failed(&error))?;
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status(SERVICE, tonic_health::ServingStatus::Serving).await;
    let service =
        InterceptedService::new(service, move |request| identify(request, token.as_ref()));
    let router = server.add_service(reflection).add_service(health_service).add_service(service);

    tracing::info!(%bound, "serving gRPC");
    let serving = router.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let run = async move {
        let given_up = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = serving => if let Err(error) = ended {
                tracing::error!(%error, "gRPC has stopped");
            },
            () = given_up => tracing::warn!("gRPC calls were still under way at the end"),
        }
    };
    tasks.spawn(run.instrument(tracing::info_span!("grpc", %bound)));
    Ok(bound)
}

/// Puts the caller into the request, for the gate and the handlers.
fn identify(mut request: Request<()>, token: Option<&Token>) -> Result<Request<()>, Status> {
    let sent = request.metadata().get("authorization");
    let holds_token = match (sent, token) {
        (None, _) => false,
        (Some(sent), Some(token)) if token.is_bearer(sent.as_bytes()) => true,
        (Some(_), _) => return Err(Status::unauthenticated("That is not this service's token.")),
    };
    request.extensions_mut().insert(Caller::Grpc { token: holds_token });
    Ok(request)
}
