//! Getting out of doubt.

use std::sync::Arc;
use std::time::Duration;

use subxt::utils::H256;
use tokio::time::Instant;

use super::{Account, StepError};
use crate::chain::ChainError;
use crate::chain::client::TransactionStatus;

/// Between two attempts without a new finalized block.
const PAUSE: Duration = Duration::from_secs(1);

impl Account {
    /// Notes what the node says of a submitted extrinsic. That it is final is not taken from
    /// here: finalized blocks are searched for it.
    pub(super) fn heard(&mut self, hash: H256, status: Result<TransactionStatus, ChainError>) {
        if !self.ledger.holds(hash) {
            return;
        }
        let doubt = match status {
            Ok(TransactionStatus::InBlock(block)) => {
                tracing::debug!(account = %self.address(), extrinsic = ?hash, ?block, "in a block");
                return;
            }
            Ok(
                TransactionStatus::Future
                | TransactionStatus::Ready
                | TransactionStatus::Broadcast(_)
                | TransactionStatus::Finalized(_),
            ) => return,
            Ok(TransactionStatus::Retracted(_)) => "its block was reverted".to_owned(),
            Ok(TransactionStatus::FinalityTimeout(_)) => "its block is not finalized".to_owned(),
            Ok(TransactionStatus::Usurped(_)) => "another one took its nonce".to_owned(),
            Ok(TransactionStatus::Dropped) => "the node's pool dropped it".to_owned(),
            Ok(TransactionStatus::Invalid) => "the node calls it invalid".to_owned(),
            Err(error) => error.to_string(),
        };
        self.ledger.doubt(format!("it is not known what became of an extrinsic: {doubt}"));
    }

    /// While in doubt: submits again what is held and compares the node's pool with the ledger.
    pub(super) async fn settle(&mut self) -> Result<(), StepError> {
        let Some(reason) = self.ledger.in_doubt().map(ToOwned::to_owned) else { return Ok(()) };
        let Some(view) = self.seen.as_ref().map(|seen| seen.view) else { return Ok(()) };
        let now = Instant::now();
        if self.tried.is_some_and(|(block, at)| block == view.number && now < at + PAUSE) {
            return Ok(());
        }
        self.tried = Some((view.number, now));
        let shared = Arc::clone(&self.shared);
        let held: Vec<_> = self.ledger.held().map(|held| held.extrinsic.clone()).collect();
        for extrinsic in held {
            match shared.chain.submit_and_watch(&extrinsic.bytes).await {
                Ok(statuses) => self.watch(extrinsic.hash, statuses),
                // It is there already, or in a block, or dead: finalized blocks will tell.
                Err(ChainError::Refused { message, .. }) => {
                    tracing::debug!(account = %self.address(), extrinsic = ?extrinsic.hash, message,
                        "submitted again");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let pool = shared.chain.account_next_index(&self.address().to_string()).await?;
        let pool = u32::try_from(pool).unwrap_or(u32::MAX);
        if self.ledger.settle(&view, &[pool]) {
            tracing::info!(account = %self.address(), nonce = pool, reason, "settled");
        }
        Ok(())
    }
}
