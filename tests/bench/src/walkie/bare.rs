//! libp2p's request-response as it comes, with the same transport: what there is to reach.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::identity::Keypair;
use libp2p::request_response::{
    Behaviour, Codec, Config, Event, Message as Exchange, ProtocolSupport,
};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use prb_walkie::proto::WalkieRpcRequestWrapper;
use prost::Message;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/pb");
/// As long as a Hello and its answer.
const SMALL: usize = 150;

#[derive(Clone, Copy)]
pub(super) enum Muxer {
    Yamux,
    Mplex,
}

impl fmt::Display for Muxer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yamux => "yamux",
            Self::Mplex => "mplex",
        })
    }
}

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
    let builder = SwarmBuilder::with_existing_identity(Keypair::generate_ed25519()).with_tokio();
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
                config.set_split_send_size(1 << 20);
                config
            })?
            .with_behaviour(behaviour)?
            .with_swarm_config(idle)
            .build(),
    })
}

/// Sequential calls per second, and megabytes per second of large answers.
pub(super) async fn measure(
    muxer: Muxer,
    calls: usize,
    blobs: usize,
    body: Bytes,
) -> Result<(f64, f64)> {
    let mut server = swarm(muxer)?;
    server.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    let place = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = server.select_next_some().await {
            break address;
        }
    };
    let large = body.clone();
    let serving = tokio::spawn(async move {
        loop {
            let event = server.select_next_some().await;
            if let SwarmEvent::Behaviour(Event::Message {
                message: Exchange::Request { request, channel, .. },
                ..
            }) = event
            {
                let answer = if request.is_empty() { large.clone() } else { request };
                let _caller_is_gone = server.behaviour_mut().send_response(channel, answer);
            }
        }
    });
    let mut caller = swarm(muxer)?;
    let small = Bytes::from(vec![1; SMALL]);
    exchange(&mut caller, &place, small.clone()).await?;
    let started = Instant::now();
    for _ in 0..calls {
        exchange(&mut caller, &place, small.clone()).await?;
    }
    let calls_per_s = calls as f64 / started.elapsed().as_secs_f64();
    let started = Instant::now();
    for _ in 0..blobs {
        let answer = exchange(&mut caller, &place, Bytes::new()).await?;
        anyhow::ensure!(answer.len() == body.len(), "a whole body");
    }
    let megabytes = (blobs * body.len()) as f64 / 1e6;
    let megabytes_per_s = megabytes / started.elapsed().as_secs_f64();
    serving.abort();
    Ok((calls_per_s, megabytes_per_s))
}

/// One call, dialling first where there is no connection.
async fn exchange(
    caller: &mut Swarm<Behaviour<Raw>>,
    place: &Multiaddr,
    request: Bytes,
) -> Result<Bytes> {
    let connected = caller.connected_peers().next().copied();
    let peer = if let Some(peer) = connected {
        peer
    } else {
        caller.dial(place.clone())?;
        loop {
            match caller.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => break peer_id,
                SwarmEvent::OutgoingConnectionError { error, .. } => bail!(error),
                _ => {}
            }
        }
    };
    caller.behaviour_mut().send_request(&peer, request);
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

/// What a version 2 peer does: mplex, a connection, one call, and closed again.
pub(super) async fn dial_and_hello(place: Multiaddr) -> Result<()> {
    let mut caller = swarm(Muxer::Mplex)?;
    let request = WalkieRpcRequestWrapper {
        nonce: "n".into(),
        method: "Hello".into(),
        ..WalkieRpcRequestWrapper::default()
    };
    let answer = exchange(&mut caller, &place, request.encode_to_vec().into()).await;
    answer.map(drop).context("a call with a connection of its own")
}
