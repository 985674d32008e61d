//! A peer that keeps no rules: libp2p's own request-response, saying whatever it is told to.

use std::io;
use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::identity::Keypair;
use libp2p::request_response::{
    Behaviour, Codec, Config, Event, Message as Exchange, ProtocolSupport,
};
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, StreamProtocol, Swarm, SwarmBuilder, noise, tcp, yamux};
use prb_walkie::node::Multiplexing;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/pb");
/// Streams that it may have open at once.
const MOST: usize = 1024;

/// What it says on a stream.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) bytes: Vec<u8>,
    /// Whether it ever says that this is all.
    pub(crate) ends: bool,
}

#[derive(Clone)]
pub(crate) struct Raw;

async fn read<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Said;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Said>
    where
        T: AsyncRead + Unpin + Send,
    {
        Ok(Said { bytes: read(io).await?, ends: true })
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        said: Said,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&said.bytes).await?;
        if said.ends {
            return Ok(());
        }
        // A byte now and then, until the other end has had enough.
        loop {
            io.write_all(&[0]).await?;
            io.flush().await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&bytes).await
    }
}

fn swarm(multiplexing: Multiplexing) -> Swarm<Behaviour<Raw>> {
    let builder = SwarmBuilder::with_existing_identity(Keypair::generate_ed25519()).with_tokio();
    let config = tcp::Config::new().nodelay(true);
    let behaviour = |_: &Keypair| {
        let config = Config::default()
            .with_request_timeout(Duration::from_mins(2))
            .with_max_concurrent_streams(MOST);
        Behaviour::with_codec(Raw, [(PROTOCOL, ProtocolSupport::Full)], config)
    };
    let idle =
        |config: libp2p::swarm::Config| config.with_idle_connection_timeout(Duration::from_mins(1));
    match multiplexing {
        Multiplexing::MplexAlone => builder
            .with_tcp(config, noise::Config::new, libp2p_mplex::Config::new)
            .unwrap()
            .with_behaviour(behaviour)
            .unwrap()
            .with_swarm_config(idle)
            .build(),
        Multiplexing::YamuxFirst => builder
            .with_tcp(config, noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(behaviour)
            .unwrap()
            .with_swarm_config(idle)
            .build(),
    }
}

/// What came within a time of all that was said on as many streams at once: the answers, or why
/// there is none.
pub(crate) async fn say(
    place: Multiaddr,
    multiplexing: Multiplexing,
    said: Vec<Said>,
    within: Duration,
) -> Vec<Result<Vec<u8>, String>> {
    let mut swarm = swarm(multiplexing);
    swarm.dial(place).unwrap();
    let over = tokio::time::sleep(within);
    tokio::pin!(over);
    let mut outcomes = Vec::with_capacity(said.len());
    let (wanted, mut said) = (said.len(), Some(said));
    while outcomes.len() < wanted {
        let event = tokio::select! {
            event = swarm.select_next_some() => event,
            () = &mut over => break,
        };
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                for said in said.take().into_iter().flatten() {
                    swarm.behaviour_mut().send_request(&peer_id, said);
                }
            }
            SwarmEvent::Behaviour(Event::Message {
                message: Exchange::Response { response, .. },
                ..
            }) => outcomes.push(Ok(response)),
            SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => {
                outcomes.push(Err(error.to_string()));
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
    outcomes
}

/// Listens on loopback and answers everybody; says where.
pub(crate) async fn listen(
    mut answer: impl FnMut(Vec<u8>) -> Vec<u8> + Send + 'static,
) -> Multiaddr {
    let mut swarm = swarm(Multiplexing::YamuxFirst);
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    let place = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    tokio::spawn(async move {
        loop {
            if let SwarmEvent::Behaviour(Event::Message {
                message: Exchange::Request { request, channel, .. },
                ..
            }) = swarm.select_next_some().await
            {
                let answer = answer(request.bytes);
                let _caller_is_gone = swarm.behaviour_mut().send_response(channel, answer);
            }
        }
    });
    place
}
