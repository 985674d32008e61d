//! `prb db`: a data provider's store, while no data provider runs on it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use prb_core::data_provider::{KindStats, OfflineStore, Part, StoreConfig, Verified};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{
    CheckArgs, CompactArgs, DbCommand, Dropped, ExportArgs, ImportArgs, RepairArgs, StoreArgs,
};
use crate::logging::{self, Log, Target};
use crate::output::answer;
use crate::process;

/// `prb db`.
pub(crate) fn run(command: DbCommand, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(async {
        match command {
            DbCommand::Check(args) => Box::pin(check(&args)).await,
            DbCommand::Stats(args) => stats(&args).await,
            DbCommand::Compact(args) => compact(&args).await,
            DbCommand::Export(args) => export(&args).await,
            DbCommand::Import(args) => Box::pin(import(&args)).await,
            DbCommand::Repair(args) => repair(&args).await,
        }
    })
}

/// Where the store is: in a data provider's folder, in that of the whole bridge, or it is named
/// itself.
fn folder(args: &StoreArgs) -> PathBuf {
    let given = args.data_dir.of_data_provider();
    let usual = given.join("store");
    let candidates = [usual.clone(), given.join("data-provider"), given];
    candidates.into_iter().find(|folder| folder.join("chunks").is_dir()).unwrap_or(usual)
}

/// Opens what is there; a store is made by `import` alone.
async fn open(args: &StoreArgs, config: &StoreConfig) -> Result<OfflineStore> {
    let folder = folder(args);
    ensure!(folder.join("chunks").is_dir(), "there is no store in {}", folder.display());
    Ok(OfflineStore::open(&folder, config).await?)
}

async fn check(args: &CheckArgs) -> Result<(), Failure> {
    let store = open(&args.store, &StoreConfig::default()).await?;
    let report = store.check(!args.quick).await?;
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| json!({ "object": finding.object, "reason": finding.reason }))
        .collect();
    let said = json!({
        "chunks": report.chunks,
        "verified": report.verified.as_ref().map(verified_json),
        "findings": findings,
    });
    let mut text = format!("{} chunks read", report.chunks);
    if let Some(verified) = &report.verified {
        text = format!("{text}, {}", verified_text(verified));
    }
    answer(args.store.json, &said, &text)?;
    if report.findings.is_empty() {
        return Ok(());
    }
    let reasons = report.findings.iter();
    Err(Failure::Unmet(reasons.map(|it| format!("{}: {}", it.object, it.reason)).collect()))
}

async fn stats(args: &StoreArgs) -> Result<(), Failure> {
    let stats = open(args, &StoreConfig::default()).await?.stats().await?;
    let kinds: Vec<Value> = stats.iter().map(kind_json).collect();
    let lines: Vec<String> = stats.iter().map(kind_line).collect();
    Ok(answer(args.json, &json!({ "kinds": kinds }), &lines.join("\n"))?)
}

async fn compact(args: &CompactArgs) -> Result<(), Failure> {
    let mut config = StoreConfig::default();
    config.compression_level = args.level.unwrap_or(config.compression_level);
    let (before, after) = open(&args.store, &config).await?.compact().await?;
    let text = format!("{before} bytes before, {after} now");
    Ok(answer(args.store.json, &json!({ "before": before, "after": after }), &text)?)
}

async fn export(args: &ExportArgs) -> Result<(), Failure> {
    let config = StoreConfig::default();
    let store = open(&args.store, &config).await?;
    let (chunks, bytes) = store.export(&args.to, &config).await?;
    let text = format!("{chunks} chunks of {bytes} bytes copied to {}", args.to.display());
    Ok(answer(args.store.json, &json!({ "chunks": chunks, "bytes": bytes }), &text)?)
}

async fn import(args: &ImportArgs) -> Result<(), Failure> {
    let config = StoreConfig::default();
    let chunks = args.from.join("chunks");
    if !chunks.is_dir() {
        let reason = format!("there is no copy in {}", args.from.display());
        return Err(Failure::Failed(anyhow::anyhow!(reason)));
    }
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let copy = OfflineStore::open_copy(&args.from, scratch.path(), &config).await?;
    let folder = folder(&args.store);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot use the data folder {}", folder.display()))?;
    let store = OfflineStore::open(&folder, &config).await?;
    let (verified, chunks, bytes) = store.import(&copy, args.start.as_deref()).await?;
    let text = format!("{chunks} chunks of {bytes} bytes taken in, {}", verified_text(&verified));
    let said = json!({ "chunks": chunks, "bytes": bytes, "verified": verified_json(&verified) });
    Ok(answer(args.store.json, &said, &text)?)
}

async fn repair(args: &RepairArgs) -> Result<(), Failure> {
    let store = open(&args.store, &StoreConfig::default()).await?;
    let dropped = match args.drop {
        None => store.drop_damaged().await?,
        Some(kind) => {
            let part = match kind {
                Dropped::Relay => Part::Relay,
                Dropped::Headers => Part::Headers,
                Dropped::Blocks => Part::Blocks,
            };
            let from = args.from.unwrap_or(0);
            let to = args.to.unwrap_or(u32::MAX);
            if to < from {
                let line = format!("--to {to} comes before --from {from}");
                return Err(Failure::Usage(line));
            }
            store.drop_range(part, from, to).await?
        }
    };
    let text = match dropped.len() {
        0 => "nothing was dropped".to_owned(),
        count => format!("{count} dropped, to be fetched anew:\n{}", dropped.join("\n")),
    };
    Ok(answer(args.store.json, &json!({ "dropped": dropped }), &text)?)
}

fn kind_json(kind: &KindStats) -> Value {
    json!({
        "kind": kind.kind,
        "chunks": kind.chunks,
        "bytes": kind.bytes,
        "first": kind.range.map(|(first, _)| first),
        "last": kind.range.map(|(_, last)| last),
        "unsealed": kind.unsealed,
    })
}

fn kind_line(kind: &KindStats) -> String {
    let range = kind.range.map(|(first, last)| format!("{first} to {last}"));
    format!(
        "{:<8} {:>7} chunks {:>14} bytes  {:<24} {} unsealed",
        kind.kind,
        kind.chunks,
        kind.bytes,
        range.unwrap_or_else(|| "nothing sealed".to_owned()),
        kind.unsealed
    )
}

fn verified_json(verified: &Verified) -> Value {
    json!({
        "paraId": verified.para_id,
        "start": { "number": verified.start.0, "hash": format!("{:?}", verified.start.1) },
        "relay": verified.relay,
        "headers": verified.headers,
        "blocks": verified.blocks,
    })
}

fn verified_text(verified: &Verified) -> String {
    format!(
        "verified from relay block {} to {}, parachain header {} and block {}",
        verified.start.0, verified.relay, verified.headers, verified.blocks
    )
}
