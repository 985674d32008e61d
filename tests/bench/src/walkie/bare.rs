//! libp2p's request-response as it comes, with the same transport: what there is to reach.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::identity::Keypair;
use libp2p::request_response::{
    Behaviour, Codec, Config, Event, Message as Exchange, ProtocolSupport,
};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use prb_walkie::proto::{
    AuthStatus, WalkieRoles, WalkieRpcRequestWrapper, WalkieRpcResponseWrapper, WalkieSystemInfo,
};
use prost::Message;
use tokio::task::AbortHandle;

use super::{Muxer, keypair, ours};

const PROTOCOL: StreamProtocol = StreamProtocol::new("/pb");

#[derive(Clone)]
struct Raw;

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Bytes;
    type Response = Bytes;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Bytes>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes.into())
    }

    async fn read_response<T>(&mut self, protocol: &StreamProtocol, io: &mut T) -> io::Result<Bytes>
    where
        T: AsyncRead + Unpin + Send,
    {
        self.read_request(protocol, io).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Bytes,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }

    async fn write_response<T>(
        &mut self,
        protocol: &StreamProtocol,
        io: &mut T,
        bytes: Bytes,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        self.write_request(protocol, io, bytes).await
    }
}

fn swarm(muxer: Muxer) -> Result<Swarm<Behaviour<Raw>>> {
    let builder = SwarmBuilder::with_existing_identity(keypair()?).with_tokio();
    let config = tcp::Config::new().nodelay(true);
    let behaviour = |_: &Keypair| {
        let config = Config::default().with_request_timeout(Duration::from_mins(2));
        Behaviour::with_codec(Raw, [(PROTOCOL, ProtocolSupport::Full)], config)
    };
    let idle =
        |config: libp2p::swarm::Config| config.with_idle_connection_timeout(Duration::from_mins(1));
    Ok(match muxer {
        Muxer::Yamux => builder
            .with_tcp(config, noise::Config::new, yamux::Config::default)?
            .with_behaviour(behaviour)?
            .with_swarm_config(idle)
            .build(),
        Muxer::Mplex => builder
            .with_tcp(config, noise::Config::new, || {
                let mut config = libp2p_mplex::Config::new();
                config
                    .set_split_send_size(1 << 20)
                    .set_max_num_streams(1024)
                    .set_max_buffer_size(64);
                config
            })?
            .with_behaviour(behaviour)?
            .with_swarm_config(idle)
            .build(),
    })
}

/// The bytes that a Hello is on the wire, so that both sides of the comparison carry the same.
fn hello(role: WalkieRoles) -> WalkieSystemInfo {
    let mut info = WalkieSystemInfo {
        hostname: "bench".into(),
        peer_id: PeerId::random().to_base58(),
        chain_identity: ours::CHAIN.into(),
        bridge_identity: "default".into(),
        ..WalkieSystemInfo::default()
    };
    info.set_role(role);
    info
}

const NONCE: &str = "8f0f7a4e-3a5c-4b0e-9d3c-6f1f2a7b9c0d";
const NOW: u64 = 1_700_000_000_000;

fn request(role: WalkieRoles) -> Bytes {
    let wrapper = WalkieRpcRequestWrapper {
        created_at: NOW,
        nonce: NONCE.into(),
        data: hello(role).encode_to_vec().into(),
        method: "Hello".into(),
        timeout_ms: 30_000,
    };
    wrapper.encode_to_vec().into()
}

fn answer() -> Bytes {
    let mut info = hello(WalkieRoles::WrDataProviderInt);
    info.set_auth(AuthStatus::AsNone);
    let wrapper = WalkieRpcResponseWrapper {
        created_at: NOW,
        request_nonce: NONCE.into(),
        nonce: NONCE.into(),
        data: info.encode_to_vec().into(),
        has_error: false,
        error: None,
    };
    wrapper.encode_to_vec().into()
}

/// Two peers with one connection between them.
pub(super) struct Pair {
    caller: Swarm<Behaviour<Raw>>,
    peer: PeerId,
    place: Multiaddr,
    serving: AbortHandle,
    request: Bytes,
    large: usize,
}

impl Pair {
    pub(super) async fn start(muxer: Muxer, large: Bytes) -> Result<Self> {
        let mut server = swarm(muxer)?;
        server.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
        let place = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = server.select_next_some().await {
                break address;
            }
        };
        let length = large.len();
        let serving = tokio::spawn(serve(server, answer(), large)).abort_handle();
        let mut caller = swarm(muxer)?;
        let peer = connect(&mut caller, &place).await?;
        Ok(Self {
            caller,
            peer,
            place,
            serving,
            request: request(WalkieRoles::WrLifecycleManager),
            large: length,
        })
    }

    pub(super) fn place(&self) -> &Multiaddr {
        &self.place
    }

    pub(super) async fn call(&mut self) -> Result<()> {
        self.caller.behaviour_mut().send_request(&self.peer, self.request.clone());
        let answer = next(&mut self.caller).await?;
        anyhow::ensure!(!answer.is_empty(), "an answer");
        Ok(())
    }

    pub(super) async fn call_many(&mut self, calls: usize, width: usize) -> Result<()> {
        let mut sent = 0;
        for answered in 0..calls {
            while sent < calls && sent - answered < width {
                self.caller.behaviour_mut().send_request(&self.peer, self.request.clone());
                sent += 1;
            }
            next(&mut self.caller).await?;
        }
        Ok(())
    }

    pub(super) async fn fetch(&mut self) -> Result<()> {
        self.caller.behaviour_mut().send_request(&self.peer, Bytes::new());
        let answer = next(&mut self.caller).await?;
        anyhow::ensure!(answer.len() == self.large, "a whole body");
        Ok(())
    }

    pub(super) fn stop(self) {
        self.serving.abort();
    }
}

async fn serve(mut server: Swarm<Behaviour<Raw>>, small: Bytes, large: Bytes) {
    loop {
        let event = server.select_next_some().await;
        if let SwarmEvent::Behaviour(Event::Message {
            message: Exchange::Request { request, channel, .. },
            ..
        }) = event
        {
            let answer = if request.is_empty() { large.clone() } else { small.clone() };
            let _caller_is_gone = server.behaviour_mut().send_response(channel, answer);
        }
    }
}

async fn connect(caller: &mut Swarm<Behaviour<Raw>>, place: &Multiaddr) -> Result<PeerId> {
    caller.dial(place.clone())?;
    loop {
        match caller.select_next_some().await {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => return Ok(peer_id),
            SwarmEvent::OutgoingConnectionError { error, .. } => bail!(error),
            _ => {}
        }
    }
}

/// The next answer.
async fn next(caller: &mut Swarm<Behaviour<Raw>>) -> Result<Bytes> {
    loop {
        match caller.select_next_some().await {
            SwarmEvent::Behaviour(Event::Message {
                message: Exchange::Response { response, .. },
                ..
            }) => return Ok(response),
            SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => bail!(error),
            _ => {}
        }
    }
}

/// Does what version 2 peers do: a connection, one call, and closed again.
pub(super) struct Dialler {
    swarm: Swarm<Behaviour<Raw>>,
    request: Bytes,
}

impl Dialler {
    pub(super) fn new(muxer: Muxer) -> Result<Self> {
        Ok(Self { swarm: swarm(muxer)?, request: request(WalkieRoles::WrClient) })
    }

    pub(super) async fn call(&mut self, place: &Multiaddr) -> Result<()> {
        let peer = connect(&mut self.swarm, place).await?;
        self.swarm.behaviour_mut().send_request(&peer, self.request.clone());
        let answer = next(&mut self.swarm).await.context("a call with its own connection")?;
        let answer = WalkieRpcResponseWrapper::decode(answer)?;
        anyhow::ensure!(answer.request_nonce == NONCE && !answer.has_error, "an answer");
        let _closed_already = self.swarm.disconnect_peer_id(peer);
        loop {
            let event = self.swarm.select_next_some().await;
            if matches!(event, SwarmEvent::ConnectionClosed { num_established: 0, .. }) {
                return Ok(());
            }
        }
    }
}
