//! Blobs over TCP, beside bare TCP carrying the same bytes in the same run.
//!
//! Whoever serves is another process, as in the field. Hot blobs are in the provider's cache; cold
//! ones are neither there nor in the system's. Bare is one thread for each connection: hot it
//! writes the blobs from memory, cold it also reads and decompresses them. Rounds of ours and of
//! bare alternate, so that a machine that is slow for a while is so for both.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Map, Value, json};

use self::kind::{KINDS, Kind};
use self::load::Load;
use self::process::Process;
use crate::rounded;

mod bare;
mod chunks;
mod kind;
mod load;
mod memory;
mod process;
mod serve;
mod stock;

pub(crate) use bare::Args as BareArgs;
pub(crate) use bare::run as run_bare;
pub(crate) use serve::Args as ServeArgs;
pub(crate) use serve::run as run_serve;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Times that ours and bare take turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only what begins so: `large`, `small_hot`, `medium_cold_4`.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the blobs are from an earlier run, or are to be left for a later one.
    #[arg(long)]
    stock: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum Part {
    /// The most memory the server ever holds, whatever is asked of it.
    Memory(memory::Args),
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let temporary = tempfile::tempdir()?;
    let stock = args.stock.as_deref().unwrap_or(temporary.path());
    let runtime = tokio::runtime::Runtime::new()?;
    if !stock.join("chunks").exists() {
        runtime.block_on(stock::fill(stock))?;
    }
    if let Some(Part::Memory(args)) = &args.part {
        return runtime.block_on(memory::measure(args, stock));
    }
    let mut figures = Map::new();
    for kind in KINDS {
        figures.insert(kind.name.into(), measure_kind(&runtime, args, kind, stock)?);
    }
    Ok(figures)
}

fn measure_kind(
    runtime: &tokio::runtime::Runtime,
    args: &Args,
    kind: Kind,
    stock: &Path,
) -> Result<Value> {
    let bytes = chunks::frames(stock, kind)?.iter().map(|frame| frame.raw).sum::<usize>();
    let mut figures = json!({ "bytes_each": bytes / kind.count() });
    for connections in [1, 4] {
        for (temperature, hot) in [("hot", true), ("cold", false)] {
            let name = format!("{temperature}_{connections}");
            if !format!("{}_{name}", kind.name).starts_with(&args.only) {
                continue;
            }
            let mut measured = Rates::default();
            for _ in 0..args.rounds {
                let load = Load { kind, connections, hot };
                chunks::forget(stock)?;
                let server = Process::serve(stock)?;
                let ours = runtime.block_on(load.measure(server.address))?;
                measured.peak_rss_mb = measured.peak_rss_mb.max(server.peak_rss_mb()?);
                drop(server);
                chunks::forget(stock)?;
                let bare = bare::measure(&load, stock)?;
                measured.ours.push(ours);
                measured.bare.push(bare);
            }
            figures[name] = measured.figures(bytes, kind);
        }
    }
    Ok(figures)
}

/// Blobs per second of every round.
#[derive(Default)]
struct Rates {
    ours: Vec<f64>,
    bare: Vec<f64>,
    peak_rss_mb: f64,
}

impl Rates {
    fn figures(&self, bytes: usize, kind: Kind) -> Value {
        let megabytes = |rate: f64| rate * (bytes / kind.count()) as f64 / 1e6;
        let (ours, bare) = (crate::median(&self.ours), crate::median(&self.bare));
        let ratios: Vec<_> =
            self.ours.iter().zip(&self.bare).map(|(ours, bare)| ours / bare).collect();
        json!({
            "gets_per_s": ours.round(),
            "mb_per_s": rounded(megabytes(ours)),
            "bare_mb_per_s": rounded(megabytes(bare)),
            "of_bare": rounded(crate::median(&ratios)),
            "of_bare_rounds": ratios.into_iter().map(rounded).collect::<Vec<_>>(),
            "server_peak_rss_mb": rounded(self.peak_rss_mb),
        })
    }
}
