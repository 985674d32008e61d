//! Blocks that a worker could not use are fetched anew.

use std::collections::HashMap;
use std::time::Duration;

use parity_scale_codec::DecodeAll;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::{IngestError, Refused};
use super::{Context, blocks};
use crate::chain::verify::partial_state;
use crate::chain::{ChainSource, Need};
use crate::scale::bridge::block_header_with_changes;
use crate::scale::header::EncodedHeader;
use crate::scale::storage::StorageChanges;
use crate::store::StoreError;

use super::super::config::VerifyState;
use super::super::status::Stage;

/// One block is not fetched anew more often: many workers may report it.
const ONCE_IN: Duration = Duration::from_mins(1);
/// Blocks remembered as lately fetched anew.
const REMEMBERED: usize = 256;

/// Fetches reported blocks anew, until cancelled.
pub(super) async fn run(
    context: &Context,
    reports: &mut mpsc::Receiver<u32>,
) -> Result<(), StoreError> {
    let mut lately: HashMap<u32, Instant> = HashMap::new();
    loop {
        let number = tokio::select! {
            number = reports.recv() => number,
            () = context.cancel.cancelled() => None,
        };
        let Some(number) = number else { return Ok(()) };
        lately.retain(|_, then| then.elapsed() < ONCE_IN);
        if lately.len() >= REMEMBERED || lately.contains_key(&number) {
            continue;
        }
        lately.insert(number, Instant::now());
        if context.verify_state == VerifyState::Off {
            // Whoever gave the block before may give the same again.
            context.para.distrust();
        }
        let refetch = || refetch(context, number, Doubt::Reported);
        match context.retry(Stage::Repair, &*context.para, refetch).await? {
            None => return Ok(()),
            Some(true) => {
                context.progress.repaired();
                tracing::warn!(number, "replaced a parachain block that a worker could not use");
            }
            Some(false) => {
                tracing::info!(number, "a worker could not use a block, but it is what nodes give");
            }
        }
    }
}

/// Why a stored block is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Doubt {
    /// A worker could not use it, or says so.
    Reported,
    /// It does not give its header's state root: it is wrong.
    Wrong,
}

/// Fetches one stored block anew and replaces it where it was wrong; whether it was.
pub(in super::super) async fn refetch(
    context: &Context,
    number: u32,
    doubt: Doubt,
) -> Result<bool, IngestError> {
    let Some(header) = header(context, number).await? else { return Ok(false) };
    let source = context.para.clone().pinned(Need::State);
    let refuse = |reason: &str| {
        Refused::by(&*source, format!("parachain block {number}"), &reason.to_owned())
    };
    let changes = source.storage_changes_at(header.hash()).await?;
    blocks::check_block(&header, &changes, None).map_err(|reason| refuse(&reason))?;
    let block = block_header_with_changes(header.bytes(), &changes);
    let stored = match context.store.blocks.item(number).await {
        Ok(Some(stored)) if stored == block => return Ok(false),
        Ok(None) => return Ok(false),
        stored => stored.ok().flatten().filter(|_| doubt == Doubt::Reported),
    };
    // What stands there may be right and the report wrong: then the node is.
    let stored = stored.and_then(|stored| stored.strip_prefix(&header.bytes()[..]).map(Vec::from));
    let stored = stored.filter(|stored| blocks::check_block(&header, stored, None).is_ok());
    let fetched = lead_to_it(context, &*source, &header, &changes).await?;
    let in_place = match &stored {
        Some(stored) => lead_to_it(context, &*source, &header, stored).await?,
        None => Some(false),
    };
    let replayed = context.verify_state == VerifyState::Full;
    match (in_place, fetched) {
        (_, Some(false)) => Err(refuse("its storage changes do not give the state root").into()),
        (Some(true), _) => Err(refuse("its storage changes are not the verified ones").into()),
        (None, None) if replayed => {
            tracing::warn!(number, "a node gives another block than the verified one, which stays");
            Ok(false)
        }
        _ => {
            context.store.blocks.replace(number, block.into()).await?;
            Ok(true)
        }
    }
}

/// Whether storage changes give the header's state root, by a proof of the state before; `None`
/// where that does not decide it.
async fn lead_to_it(
    context: &Context,
    source: &dyn ChainSource,
    header: &EncodedHeader,
    changes: &[u8],
) -> Result<Option<bool>, IngestError> {
    let Ok(changes) = StorageChanges::decode_all(&mut &changes[..]) else { return Ok(Some(false)) };
    let Some(parent) = self::header(context, header.number() - 1).await? else { return Ok(None) };
    let keys = changes.main_storage_changes.iter().map(|(key, _)| key.clone()).collect();
    let nodes = match source.read_proof(keys, parent.hash()).await {
        Ok(nodes) => nodes,
        // A node that cannot prove it decides nothing.
        Err(error) if error.refusal().is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (before, after) = (parent.header().state_root, header.header().state_root);
    let decided = move || partial_state::lead_to(before, nodes, changes, after);
    let decided = tokio::task::spawn_blocking(decided).await;
    decided.map_err(|error| IngestError::NotYet(error.to_string()))
}

async fn header(context: &Context, number: u32) -> Result<Option<EncodedHeader>, StoreError> {
    let Some(header) = context.store.headers.item(number).await? else { return Ok(None) };
    let header = EncodedHeader::decode(header).map_err(|error| StoreError::Damaged {
        object: format!("parachain header {number}"),
        reason: error.to_string(),
    })?;
    Ok(Some(header))
}
