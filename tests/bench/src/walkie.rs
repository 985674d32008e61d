//! The wire between services, against bare libp2p on the same machine in the same run.
//!
//! Bare is libp2p's request-response as it comes: the same runtime, transport, kind of key, codec
//! and bytes on the wire, but no peers to keep track of, no service, no checks, and the swarm
//! polled by whoever calls. Rounds of ours and of bare alternate, so that a machine that is slow
//! for a while is so for both.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use clap::Args as ClapArgs;
use libp2p::identity::Keypair;
use prb_walkie::identity::Identity;
use prost::Message;
use serde_json::{Map, Value, json};

use crate::{median, rounded};

mod bare;
mod ours;

/// What to measure.
#[derive(ClapArgs, Clone)]
pub(crate) struct Args {
    /// Times that ours and bare take turns.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Calls of a round, one after the other, and again at most 100 at once.
    #[arg(long, default_value_t = 3_000)]
    calls: usize,
    /// Calls of a round with a connection each.
    #[arg(long, default_value_t = 50)]
    dials: usize,
    /// Large answers of a round.
    #[arg(long, default_value_t = 4)]
    blobs: usize,
    /// Megabytes (10^6 bytes) of a large answer.
    #[arg(long, default_value_t = 50)]
    megabytes: usize,
}

/// Calls at once where many are in flight.
const WIDTH: usize = 100;

#[derive(Debug, Clone, Copy)]
enum Muxer {
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

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let args = args.clone();
    tokio::runtime::Runtime::new()?.block_on(async move {
        let mut figures = Map::new();
        for muxer in [Muxer::Yamux, Muxer::Mplex] {
            // In a task, as services call: the thread that waits here is none of the runtime's.
            let measured = tokio::spawn(measure_muxer(muxer, args.clone())).await??;
            figures.insert(muxer.to_string(), measured);
        }
        Ok(figures)
    })
}

/// The rates of every round, of one kind of load.
#[derive(Default)]
struct Rates {
    ours: Vec<f64>,
    bare: Vec<f64>,
}

impl Rates {
    fn figures(&self, unit: &str) -> Value {
        let ratios: Vec<_> =
            self.ours.iter().zip(&self.bare).map(|(ours, bare)| ours / bare).collect();
        json!({
            unit: rounded(median(&self.ours)),
            "bare": rounded(median(&self.bare)),
            "of_bare": rounded(median(&ratios)),
            "of_bare_rounds": ratios.into_iter().map(rounded).collect::<Vec<_>>(),
        })
    }
}

async fn measure_muxer(muxer: Muxer, args: Args) -> Result<Value> {
    let body = Bytes::from(vec![0xa5; args.megabytes * 1_000_000]);
    let ours = ours::Pair::start(muxer, body.clone()).await?;
    let mut bare = bare::Pair::start(muxer, body.clone()).await?;
    let mut dialler = bare::Dialler::new(muxer)?;
    for warm_up in 0..2 * WIDTH {
        ours.call().await?;
        bare.call().await?;
        if warm_up % WIDTH == 0 {
            dialler.call(ours.place()).await?;
            dialler.call(bare.place()).await?;
        }
    }
    let [mut sequential, mut role, mut many, mut dials, mut blobs] =
        std::array::from_fn(|_| Rates::default());
    let mut took = Vec::with_capacity(args.rounds * args.calls);
    for _ in 0..args.rounds {
        let started = Instant::now();
        for _ in 0..args.calls {
            let asked = Instant::now();
            ours.call().await?;
            took.push(asked.elapsed());
        }
        sequential.ours.push(rate(args.calls, started));
        let started = Instant::now();
        for _ in 0..args.calls {
            bare.call().await?;
        }
        let bare_rate = rate(args.calls, started);
        sequential.bare.push(bare_rate);
        let started = Instant::now();
        for _ in 0..args.calls {
            ours.call_role().await?;
        }
        role.ours.push(rate(args.calls, started));
        role.bare.push(bare_rate);

        let started = Instant::now();
        ours.call_many(args.calls, WIDTH).await?;
        many.ours.push(rate(args.calls, started));
        let started = Instant::now();
        bare.call_many(args.calls, WIDTH).await?;
        many.bare.push(rate(args.calls, started));

        let started = Instant::now();
        for _ in 0..args.dials {
            dialler.call(ours.place()).await?;
        }
        dials.ours.push(rate(args.dials, started));
        let started = Instant::now();
        for _ in 0..args.dials {
            dialler.call(bare.place()).await?;
        }
        dials.bare.push(rate(args.dials, started));

        let started = Instant::now();
        for _ in 0..args.blobs {
            ours.fetch().await?;
        }
        blobs.ours.push(rate(args.blobs * args.megabytes, started));
        let started = Instant::now();
        for _ in 0..args.blobs {
            bare.fetch().await?;
        }
        blobs.bare.push(rate(args.blobs * args.megabytes, started));
    }
    ours.stop().await;
    bare.stop();

    took.sort_unstable();
    let mut sequential = sequential.figures("calls_per_s");
    for (name, part) in [("p50_ms", 0.5), ("p99_ms", 0.99)] {
        let at = (took.len() as f64 * part) as usize;
        let value = took.get(at).copied().unwrap_or_default();
        sequential[name] = rounded(milliseconds(value));
    }
    Ok(json!({
        "sequential": sequential,
        "sequential_role_method": role.figures("calls_per_s"),
        "in_flight_100": many.figures("calls_per_s"),
        "dial_per_call": dials.figures("calls_per_s"),
        "large_answers": blobs.figures("megabytes_per_s"),
    }))
}

/// A key of the kind that services have, as libp2p wants it.
fn keypair() -> Result<Keypair> {
    #[derive(prost::Message)]
    struct KeyFile {
        #[prost(bytes = "vec", tag = "3")]
        private_key: Vec<u8>,
    }
    #[derive(prost::Message)]
    struct Key {
        #[prost(bytes = "vec", tag = "2")]
        pkcs1: Vec<u8>,
    }
    let file = Identity::generate()?.to_file_bytes()?;
    let mut key = Key::decode(&*KeyFile::decode(&file[..])?.private_key)?;
    Ok(libp2p::identity::rsa::Keypair::try_decode_pkcs1(&mut key.pkcs1)?.into())
}

fn rate(count: usize, started: Instant) -> f64 {
    count as f64 / started.elapsed().as_secs_f64()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
