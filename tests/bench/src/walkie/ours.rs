//! Two nodes with one connection between them.

use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::StreamExt;
use prb_walkie::access::Mode;
use prb_walkie::identity::Identity;
use prb_walkie::node::{Config, Introduction, Multiplexing, Walkie};
use prb_walkie::proto::data_provider::{GetBlobByKey, Info, RawBlob};
use prb_walkie::proto::walkie_rpc_client::WalkieRpcClient;
use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::{Empty, WalkieRoles, WalkieSystemInfo};
use prb_walkie::rpc::PeerChannel;
use prb_walkie::{Multiaddr, PeerId};
use tonic::{Request, Response, Status};

use super::Muxer;

/// Answers blobs, all the same.
struct Role(Bytes);

#[tonic::async_trait]
impl WalkieRpc for Role {
    async fn get_data_provider_info(&self, _: Request<Empty>) -> Result<Response<Info>, Status> {
        Ok(Response::new(Info { para_id: 2004, para_committed_height: 7, ..Info::default() }))
    }

    async fn get_blob_by_key(
        &self,
        request: Request<GetBlobByKey>,
    ) -> Result<Response<RawBlob>, Status> {
        let key = request.into_inner().key;
        Ok(Response::new(RawBlob { key, empty: false, data: self.0.clone() }))
    }
}

pub(super) struct Pair {
    server: Walkie,
    caller: Walkie,
    place: Multiaddr,
    peer: PeerId,
    hello: WalkieSystemInfo,
    body: Bytes,
}

impl Pair {
    pub(super) async fn start(muxer: Muxer, body: Bytes) -> Result<Self> {
        let server = node(WalkieRoles::WrDataProviderInt, Muxer::Yamux, body.clone()).await?;
        let caller = node(WalkieRoles::WrLifecycleManager, muxer, Bytes::new()).await?;
        let place = server.listeners().first().context("it listens")?.clone();
        let peer = caller.dial(place.clone()).await?;
        let mut hello = WalkieSystemInfo {
            hostname: "bench".into(),
            peer_id: caller.peer_id().to_base58(),
            chain_identity: CHAIN.into(),
            bridge_identity: "default".into(),
            ..WalkieSystemInfo::default()
        };
        hello.set_role(WalkieRoles::WrLifecycleManager);
        Ok(Self { server, caller, place, peer, hello, body })
    }

    pub(super) fn place(&self) -> &Multiaddr {
        &self.place
    }

    fn client(&self) -> WalkieRpcClient<PeerChannel> {
        self.caller.client(self.peer)
    }

    /// A call that the node answers itself.
    pub(super) async fn call(&self) -> Result<()> {
        let answer = self.client().hello(self.hello.clone()).await?.into_inner();
        anyhow::ensure!(answer.chain_identity == CHAIN, "an answer to this call");
        Ok(())
    }

    /// A call that the role answers.
    pub(super) async fn call_role(&self) -> Result<()> {
        let answer = self.client().get_data_provider_info(Empty {}).await?.into_inner();
        anyhow::ensure!(answer.para_id == 2004, "an answer to this call");
        Ok(())
    }

    pub(super) async fn call_many(&self, calls: usize, width: usize) -> Result<()> {
        let calls = futures::stream::iter((0..calls).map(|_| self.call()));
        let mut calls = calls.buffer_unordered(width);
        while let Some(answered) = calls.next().await {
            answered?;
        }
        Ok(())
    }

    pub(super) async fn fetch(&self) -> Result<()> {
        let mut request = Request::new(GetBlobByKey { key: "blob".into(), ..Default::default() });
        request.set_timeout(Duration::from_mins(2));
        let blob = self.client().get_blob_by_key(request).await?.into_inner();
        anyhow::ensure!(blob.data.len() == self.body.len(), "a whole body");
        Ok(())
    }

    pub(super) async fn stop(self) {
        self.caller.shutdown().await;
        self.server.shutdown().await;
    }
}

/// As long as a real one.
pub(super) const CHAIN: &str = "0x2e1e0b6f33d0d7c0e6a9d5d5c5c4b9d7d2a1c9a6b1a07c5b6f2f9b8a7c6d5e4f";

async fn node(role: WalkieRoles, muxer: Muxer, body: Bytes) -> Result<Walkie> {
    let mut config = Config::new(Introduction {
        hostname: "bench".into(),
        role,
        chain_identity: CHAIN.into(),
        bridge_identity: "default".into(),
    });
    config.listen = vec!["/ip4/127.0.0.1/tcp/0".parse()?];
    config.discovery.mdns = false;
    config.discovery.older_mdns = false;
    config.access.mode = Mode::Open;
    config.multiplexing = match muxer {
        Muxer::Yamux => Multiplexing::YamuxFirst,
        Muxer::Mplex => Multiplexing::MplexAlone,
    };
    Ok(Walkie::builder(config).service(Role(body)).start(&Identity::generate()?).await?)
}
