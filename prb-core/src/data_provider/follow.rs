//! Serving what another provider ingests into the same bucket.

use std::sync::Arc;
use std::time::Duration;

use prb_walkie::proto::db;
use prost::Message;
use tokio::sync::mpsc;

use super::genesis::Genesis;
use super::ingest::Context;
use super::status::{Stage, height};
use crate::store::StoreError;
use crate::store::relay::RelaySegments;

/// How often new chunks are looked for, and a bucket that is away is asked again.
const LOOK: Duration = Duration::from_secs(1);

/// Runs until cancelled. `ready` is told when the relay chain's segments can be read.
pub(super) async fn run(
    context: Context,
    mut reports: mpsc::Receiver<u32>,
    ready: impl Fn(u32, Arc<RelaySegments>),
) {
    let mut segments = None;
    loop {
        match look(&context, &mut segments, &ready).await {
            Ok(()) => context.progress.went_on(Stage::Store),
            Err(error) => {
                tracing::warn!(%error, retry_in = ?LOOK, "cannot look into the store");
                context.progress.problem(Stage::Store, error.to_string());
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = context.store.damage().found() => {}
            // Whoever ingests may have put it right already.
            Some(number) = reports.recv() => context.store.blocks.forget(number),
            () = context.cancel.cancelled() => return,
        }
    }
}

async fn look(
    context: &Context,
    segments: &mut Option<Arc<RelaySegments>>,
    ready: &impl Fn(u32, Arc<RelaySegments>),
) -> Result<(), StoreError> {
    context.store.look(segments.as_deref()).await?;
    if !context.store.headers.is_empty() {
        let start = height(context.store.para_start().await);
        context.progress.update(|info| info.para_start_header = start);
    }
    if segments.is_some() {
        return Ok(());
    }
    let Some(body) = context.store.genesis().await? else {
        let object = "genesis".to_owned();
        return Err(StoreError::Absent { object });
    };
    let unreadable = |reason: String| StoreError::Damaged { object: "genesis".to_owned(), reason };
    let message = db::Genesis::decode(body).map_err(|error| unreadable(error.to_string()))?;
    let genesis = Genesis::read(&message).map_err(|error| unreadable(error.to_string()))?;
    context.progress.update(|info| {
        info.para_id = height(genesis.para_id);
        info.parent_start_header = height(genesis.position.next());
    });
    let opened = Arc::new(context.store.open_relay(genesis.position.next()).await?);
    ready(genesis.para_id, opened.clone());
    *segments = Some(opened);
    Ok(())
}
