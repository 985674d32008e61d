//! Light mode: the parachain begins near the tip, with a state that workers load.

use bytes::Bytes;
use tokio::sync::watch;

use super::Context;
use super::error::{IngestError, Refused};
use super::tip::Tip;
use crate::chain::Need;
use crate::chain::keys::CHILD_STORAGE_PREFIX;
use crate::chain::verify::para_state::ParaState;
use crate::scale::header::EncodedHeader;
use crate::store::{Durability, StoreError};

use super::super::state;
use super::super::status::{Stage, height};

/// So close to the relay chain's newest final block a state is new, and not discarded by nodes
/// before it is read.
const NEAR: u32 = 64;

/// Whether what a segment proves of the parachain is to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    Yes,
    /// The parachain begins later.
    Later,
    Stopping,
}

/// Begins the parachain with the head that a segment ending at relay block `to` proves, if that is
/// near the tip and it has not begun.
pub(super) async fn begin(
    context: &Context,
    news: &mut watch::Receiver<Tip>,
    to: u32,
    head: &EncodedHeader,
) -> Result<Begun, StoreError> {
    if context.begun() {
        return Ok(Begun::Yes);
    }
    let Some(newest) = newest(context, news).await else { return Ok(Begun::Stopping) };
    // The state of block 0 is no state that could be loaded.
    if !is_near(to, newest) || head.number() == 0 {
        return Ok(Begun::Later);
    }
    let fetch = || fetch(context, head);
    let Some(parts) = context.retry(Stage::Headers, &*context.para, fetch).await? else {
        return Ok(Begun::Stopping);
    };
    let number = head.number();
    let store = &context.store;
    // Header last: where it is there, all is.
    store.put_state(number, parts).await?;
    store.begin_para_at(number).await?;
    store.headers.append(number, vec![head.bytes().clone()])?;
    store.headers.commit(Durability::Now).await?;
    context.progress.update(|info| info.para_start_header = height(number));
    tracing::info!(number, "the parachain begins here");
    Ok(Begun::Yes)
}

/// The relay chain's newest final block, once there is word of one. `None` when stopping.
async fn newest(context: &Context, news: &mut watch::Receiver<Tip>) -> Option<u32> {
    loop {
        let newest = news.borrow_and_update().newest();
        if newest > 0 {
            return Some(newest);
        }
        tokio::select! {
            // The sender outlives the stages.
            _ = news.changed() => {}
            () = context.cancel.cancelled() => return None,
        }
    }
}

fn is_near(to: u32, newest: u32) -> bool {
    newest.saturating_sub(to) <= NEAR
}

/// The full state after a proven block, verified, as it is stored.
async fn fetch(context: &Context, head: &EncodedHeader) -> Result<Vec<Bytes>, IngestError> {
    let source = context.para.clone().pinned(Need::State);
    let pairs = source.pairs(head.hash()).await?;
    let (number, root) = (head.number(), head.header().state_root);
    if pairs.iter().any(|(key, _)| key.starts_with(CHILD_STORAGE_PREFIX)) {
        let reason = "it has child tries, which no worker can load: light mode cannot begin";
        return Err(IngestError::NotYet(format!(
            "the state of parachain block {number}: {reason}"
        )));
    }
    let checked = tokio::task::spawn_blocking(move || {
        ParaState::with_root(pairs, root).map(|state| state::parts(number, &state))
    });
    let checked = checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
    checked.map_err(|reason| {
        Refused::by(&*source, format!("the state of parachain block {number}"), &reason).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_at_most_so_far_behind_and_anything_ahead() {
        assert!(is_near(100, 100) && is_near(100, 100 + NEAR) && is_near(101, 100));
        assert!(!is_near(100, 101 + NEAR));
    }
}
