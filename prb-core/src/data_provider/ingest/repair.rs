//! Blocks that a worker could not use are fetched anew.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::{IngestError, Refused};
use super::{Context, blocks};
use crate::scale::bridge::block_header_with_changes;
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;

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
        // Whoever gave the block before may give the same again.
        context.para.distrust();
        let refetch = || refetch(context, number);
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

/// Fetches one stored block anew; whether it differed.
pub(in super::super) async fn refetch(context: &Context, number: u32) -> Result<bool, IngestError> {
    let Some(header) = context.store.headers.item(number).await? else { return Ok(false) };
    let header = EncodedHeader::decode(header).map_err(|error| StoreError::Damaged {
        object: format!("parachain header {number}"),
        reason: error.to_string(),
    })?;
    let changes = context.para.storage_changes_at(header.hash()).await?;
    blocks::check_block(&header, &changes, None).map_err(|reason| Refused {
        block: format!("parachain block {number}"),
        endpoint: context.para.endpoint(),
        reason,
    })?;
    let block = block_header_with_changes(header.bytes(), &changes);
    match context.store.blocks.item(number).await {
        Ok(Some(stored)) if stored == block => Ok(false),
        Ok(None) => Ok(false),
        _ => {
            context.store.blocks.replace(number, block.into()).await?;
            Ok(true)
        }
    }
}
