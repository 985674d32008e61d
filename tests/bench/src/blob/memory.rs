//! Peers that ask for as much as they can and take little of it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use prb_core::blob::frame::RequestFrame;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::kind::{self, KINDS};
use super::load::{Load, connect};
use super::process::Process;
use crate::{process, rounded};

/// How badly to behave.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Connections that ask for large blobs.
    #[arg(long, default_value_t = 500)]
    connections: usize,
    /// Requests on each.
    #[arg(long, default_value_t = 1_000)]
    requests: u32,
    /// Seconds in which they take what they asked for slowly, or not at all.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
}

pub(super) async fn measure(args: &Args, stock: &Path) -> Result<Map<String, Value>> {
    let server = Process::serve(stock)?;
    let mut figures = Map::new();
    figures.insert("at_start_rss_mb".into(), rounded(server.peak_rss_mb()?));
    // All there is, with everything in flight that a manager may have.
    for kind in KINDS {
        let client = connect(server.address, 4).await?;
        for _ in 0..3 {
            let load = Load { kind, connections: 4, hot: false };
            load.get_all(&client, kind.gets(false)).await?;
        }
        client.shutdown().await;
    }
    figures.insert("managers_peak_rss_mb".into(), rounded(server.peak_rss_mb()?));
    let until = Instant::now() + Duration::from_secs(args.seconds);
    let mut peers = tokio::task::JoinSet::new();
    for peer in 0..args.connections {
        peers.spawn(ask_and_dawdle(server.address, peer, args.requests, until));
    }
    let mut taken = 0;
    while let Some(done) = peers.join_next().await {
        // Those who are too slow are cut.
        taken += done?.unwrap_or_default();
    }
    figures.insert("slow_peers_took_mb".into(), rounded(taken as f64 / 1e6));
    figures.insert("slow_peers_peak_rss_mb".into(), rounded(server.peak_rss_mb()?));
    // It still serves everybody else.
    let client = connect(server.address, 4).await?;
    for kind in KINDS {
        let load = Load { kind, connections: 4, hot: false };
        load.get_all(&client, kind.gets(false)).await?;
    }
    client.shutdown().await;
    figures.insert("peak_rss_mb".into(), rounded(server.peak_rss_mb()?));
    figures.insert("afterwards_rss_mb".into(), rounded(process::resident_mb_of(server.id())?));
    Ok(figures)
}

/// Asks for blobs of all blocks, each peer in another order; the even ones take 100 KB/s, the odd
/// ones nothing.
async fn ask_and_dawdle(
    server: SocketAddr,
    peer: usize,
    requests: u32,
    until: Instant,
) -> Result<u64> {
    let mut stream = TcpStream::connect(server).await?;
    let mut asked = Vec::new();
    for request in 0..requests {
        // Steps that share no divisor with the number of blocks go through all of them.
        let block = (request * (2 * peer as u32 + 1) + peer as u32 * 97) % kind::BLOCKS + 1;
        let key = format!("blocks:{block}");
        RequestFrame { id: request.into(), key: key.as_bytes() }.encode(&mut asked);
    }
    let mut taken = 0;
    let mut buffer = vec![0; 10_000];
    let dawdling = async {
        stream.write_all(&asked).await?;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if peer.is_multiple_of(2) {
                match stream.read(&mut buffer).await? {
                    0 => return anyhow::Ok(()),
                    bytes => taken += bytes as u64,
                }
            }
        }
    };
    // Cut by the server or by the clock.
    let _ = tokio::time::timeout_at(until.into(), dawdling).await;
    Ok(taken)
}
