//! News from the relay chain: finalized heads and justifications.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use parity_scale_codec::Decode;
use subxt::utils::H256;
use tokio::sync::watch;

use super::Context;
use crate::backoff::Backoff;
use crate::chain::Refusal;
use crate::chain::client::Subscription;
use crate::chain::source::Answer;
use crate::scale::grandpa::Justification;
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;

use super::super::status::{Stage, height};

const RESUBSCRIBE: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));
/// A silent subscription may be dead: a relay chain finalizes every few seconds.
const SILENCE: Duration = Duration::from_mins(1);

/// A justification and what it says it is for; not verified.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    pub(super) number: u32,
    pub(super) hash: H256,
    pub(super) justification: Bytes,
}

/// The newest of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Tip {
    pub(super) finalized: Option<EncodedHeader>,
    pub(super) announced: Option<Announced>,
    /// Justifications are coming.
    pub(super) announcing: bool,
}

/// Where the newest news are kept.
pub(super) struct Tips(watch::Sender<Tip>);

impl Tips {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Tip::default()))
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Tip> {
        self.0.subscribe()
    }
}

/// Keeps both subscriptions until cancelled.
pub(super) async fn follow(context: &Context, tips: &Tips) -> Result<(), StoreError> {
    let both = async {
        tokio::join!(
            follow_one(
                context,
                "finalized heads",
                || context.relay.finalized_heads(),
                |head: EncodedHeader| {
                    let number = height(head.number());
                    context.progress.update(|info| {
                        info.parent_target = info.parent_target.max(number);
                    });
                    tips.0.send_modify(|tip| tip.finalized = Some(head));
                },
                || {},
            ),
            follow_one(
                context,
                "justifications",
                || context.relay.justifications(),
                |justification: Bytes| {
                    let decoded = Justification::decode(&mut &justification[..]);
                    let Ok(decoded) = decoded else { return };
                    let (number, hash) = (decoded.commit.target_number, decoded.commit.target_hash);
                    let announced = Announced { number, hash, justification };
                    tips.0.send_modify(|tip| {
                        tip.announced = Some(announced);
                        tip.announcing = true;
                    });
                },
                || tips.0.send_modify(|tip| tip.announcing = false),
            ),
        )
    };
    tokio::select! {
        _ = both => {}
        () = context.cancel.cancelled() => {}
    }
    Ok(())
}

async fn follow_one<'a, T>(
    context: &'a Context,
    what: &'static str,
    subscribe: impl Fn() -> Answer<'a, Subscription<T>>,
    news: impl Fn(T),
    ended: impl Fn(),
) {
    let mut failures = 0;
    loop {
        let error = match subscribe().await {
            Ok(mut items) => loop {
                match tokio::time::timeout(SILENCE, items.next()).await {
                    Ok(Some(Ok(item))) => {
                        failures = 0;
                        news(item);
                    }
                    Ok(Some(Err(error))) => break Some(error),
                    Ok(None) | Err(_) => break None,
                }
            },
            Err(error) if error.refusal() == Some(Refusal::Unsupported) => {
                tracing::info!(endpoint = context.relay.endpoint(), "the node announces no {what}");
                tokio::time::sleep(SILENCE).await;
                continue;
            }
            Err(error) => Some(error),
        };
        ended();
        let wait = RESUBSCRIBE.delay(failures);
        failures += 1;
        if let Some(error) = error {
            tracing::warn!(stage = %Stage::Relay, %error, retry_in = ?wait, "lost {what}");
        }
        tokio::time::sleep(wait).await;
    }
}
