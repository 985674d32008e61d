//! Listening and answering.

use std::io;
use std::net::SocketAddr;

use jsonrpsee::Methods;
use jsonrpsee::server::middleware::rpc::RpcServiceBuilder;
use jsonrpsee::server::{
    RandomStringIdProvider, ServerConfig, serve_with_graceful_shutdown, stop_channel,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Connection;
use super::faults::{FaultyService, RpcFaults};

/// Messages a WebSocket client may leave unread before the server stops reading from it.
const MESSAGE_BUFFER: u32 = 1024;
const SUBSCRIPTION_ID_LENGTH: usize = 16;

/// Sizes and counts a server allows.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Most bytes in one answer; a longer one becomes an error.
    pub max_response_bytes: u32,
    /// Most bytes in one request.
    pub max_request_bytes: u32,
    /// Most connections at a time.
    pub max_connections: u32,
}

impl Default for ServerLimits {
    /// A node's 15 MB for requests and answers, and connections for a large fleet.
    fn default() -> Self {
        const MEGABYTE: u32 = 1024 * 1024;
        Self {
            max_response_bytes: 15 * MEGABYTE,
            max_request_bytes: 15 * MEGABYTE,
            max_connections: 2000,
        }
    }
}

/// A port that is taken but not yet answered on.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes a port; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is cancelled; connections and their tasks are tracked by `tasks`.
    pub async fn serve(
        self,
        methods: impl Into<Methods>,
        limits: ServerLimits,
        faults: RpcFaults,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) {
        let config = ServerConfig::builder()
            .max_response_body_size(limits.max_response_bytes)
            .max_request_body_size(limits.max_request_bytes)
            .max_connections(limits.max_connections)
            .set_message_buffer_capacity(MESSAGE_BUFFER)
            // JavaScript clients lose the low bits of large integer ids.
            .set_id_provider(RandomStringIdProvider::new(SUBSCRIPTION_ID_LENGTH))
            .build();
        let builder = jsonrpsee::server::Server::builder()
            .set_config(config)
            .to_service_builder()
            .max_connections(limits.max_connections);
        let methods: Methods = methods.into();
        let (stop_handle, server_handle) = stop_channel();
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::task::yield_now().await;
                        continue;
                    }
                },
            };
            let connection = stop.child_token();
            let (layer_faults, layer_connection) = (faults.clone(), connection.clone());
            let layer = RpcServiceBuilder::new().layer_fn(move |service| FaultyService {
                service,
                faults: layer_faults.clone(),
                connection: layer_connection.clone(),
            });
            let service = builder
                .clone()
                .set_rpc_middleware(layer)
                .build(methods.clone(), stop_handle.clone());
            let _ = stream.set_nodelay(true);
            let stream = Connection::new(stream, connection);
            let stopped = stop_handle.clone().shutdown();
            tasks.spawn(async move {
                // Errors here are the client's: it went away or did not speak HTTP.
                if let Err(error) = serve_with_graceful_shutdown(stream, service, stopped).await {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
        // Answering tasks inside the library end with their connections, which `stop` has cut.
        let _ = server_handle.stop();
    }
}
