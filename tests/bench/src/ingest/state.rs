//! What verifying storage changes costs with a large state.

use std::time::Instant;

use anyhow::Result;
use prb_core::chain::verify::para_state::{ParaState, StateError};
use prb_core::scale::storage::StorageChanges;
use serde_json::{Map, Value};
use sp_crypto_hashing::blake2_256;

use crate::{process, rounded};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Keys in the state.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Keys changed by a block.
    #[arg(long, default_value_t = 60)]
    changes: u32,
    /// Blocks.
    #[arg(long, default_value_t = 2000)]
    blocks: u32,
}

pub(super) fn measure(args: &Args) -> Result<Map<String, Value>> {
    // Keys as pallets have them: a few prefixes, then a hash.
    let key = |number: u32| {
        let hash = blake2_256(&number.to_le_bytes());
        let prefix = blake2_256(&(number % 64).to_le_bytes());
        [&prefix[..], &hash[..]].concat()
    };
    let value = |number: u32, block: u32| {
        let seed = blake2_256(&[number.to_le_bytes(), block.to_le_bytes()].concat());
        seed.repeat(2 + number as usize % 3)
    };
    let before = process::resident_mb()?;
    let pairs: Vec<_> = (0..args.keys).map(|number| (key(number), value(number, 0))).collect();
    let started = Instant::now();
    let mut state = ParaState::new(pairs, Vec::new())?;
    let build = started.elapsed();
    let memory = process::resident_mb()? - before;

    let mut apply = std::time::Duration::ZERO;
    for block in 1..=args.blocks {
        let written = (0..args.changes).map(|index| {
            let seed = blake2_256(&[block.to_le_bytes(), index.to_le_bytes()].concat());
            let number = u32::from_le_bytes([seed[0], seed[1], seed[2], seed[3]]) % args.keys;
            (key(number), Some(value(number, block)))
        });
        let changes =
            StorageChanges { main_storage_changes: written.collect(), ..StorageChanges::default() };
        // The header's root is not known beforehand: it is taken from the refusal.
        let root = match state.apply(&changes.borrowed(), state.root()) {
            Err(StateError::RootMismatch { found, .. }) => found,
            other => anyhow::bail!("changes that change nothing: {other:?}"),
        };
        let started = Instant::now();
        state.apply(&changes.borrowed(), root)?;
        apply += started.elapsed();
    }
    let started = Instant::now();
    let mut pairs = Vec::new();
    state.visit(|key, value| pairs.push((key.to_vec(), value.to_vec())));
    let visit = started.elapsed();
    let root = state.root();
    drop(state);
    let started = Instant::now();
    anyhow::ensure!(ParaState::new(pairs, Vec::new())?.root() == root, "another root");
    let restart = started.elapsed();

    let mut figures = Map::new();
    figures.insert("keys".into(), args.keys.into());
    figures.insert("changes_per_block".into(), args.changes.into());
    figures.insert("build_s".into(), rounded(build.as_secs_f64()));
    figures.insert("memory_mb".into(), rounded(memory));
    let per_block = apply.as_secs_f64() * 1e6 / f64::from(args.blocks);
    figures.insert("us_per_block".into(), rounded(per_block));
    figures.insert("visit_s".into(), rounded(visit.as_secs_f64()));
    figures.insert("restart_s".into(), rounded(restart.as_secs_f64()));
    figures.insert("peak_rss_mb".into(), rounded(process::peak_mb()?));
    Ok(figures)
}
