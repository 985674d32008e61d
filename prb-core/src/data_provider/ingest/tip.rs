//! News from the relay chain: finalized heads and justifications.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use parity_scale_codec::Decode;
use subxt::utils::H256;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Context;
use crate::backoff::Backoff;
use crate::chain::client::Subscription;
use crate::chain::{ChainError, ChainSource, Need, Refusal};
use crate::scale::grandpa::Justification;
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;

use super::super::status::{Stage, height};

const RESUBSCRIBE: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(15));

/// A justification and what it says it is for; not verified.
#[derive(Clone)]
pub(super) struct Announced {
    /// Who gave it.
    pub(super) by: Arc<dyn ChainSource>,
    pub(super) number: u32,
    pub(super) hash: H256,
    pub(super) justification: Bytes,
}

/// The newest of each.
#[derive(Clone, Default)]
pub(super) struct Tip {
    pub(super) finalized: Option<EncodedHeader>,
    pub(super) announced: Option<Announced>,
    /// Justifications are coming.
    pub(super) announcing: bool,
}

impl Tip {
    /// The highest block that is said to be final.
    pub(super) fn newest(&self) -> u32 {
        let finalized = self.finalized.as_ref().map_or(0, EncodedHeader::number);
        self.announced.as_ref().map_or(finalized, |announced| announced.number.max(finalized))
    }
}

/// Where the newest news are kept.
pub(super) struct Tips(watch::Sender<Tip>);

impl Tips {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Tip::default()))
    }

    /// Leaves the announced justification: it is of no use.
    pub(super) fn forget_announced(&self) {
        self.0.send_if_modified(|tip| {
            tip.announced = None;
            false
        });
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
                |chain| async move { chain.finalized_heads().await },
                |_, head: EncodedHeader| {
                    let number = height(head.number());
                    context.progress.update(|info| {
                        info.parent_target = number.max(info.parent_processed_height);
                    });
                    tips.0.send_modify(|tip| tip.finalized = Some(head));
                },
                || {},
            ),
            follow_one(
                context,
                "justifications",
                |chain| async move { chain.justifications().await },
                |by, justification: Bytes| {
                    let decoded = Justification::decode(&mut &justification[..]);
                    let Ok(decoded) = decoded else { return };
                    let (number, hash) = (decoded.commit.target_number, decoded.commit.target_hash);
                    let announced = Announced { by, number, hash, justification };
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

async fn follow_one<T, F>(
    context: &Context,
    what: &'static str,
    subscribe: impl Fn(Arc<dyn ChainSource>) -> F,
    news: impl Fn(Arc<dyn ChainSource>, T),
    ended: impl Fn(),
) where
    F: Future<Output = Result<Subscription<T>, ChainError>>,
{
    let mut failures = 0;
    loop {
        let chain = context.relay.clone().pinned(Need::Anything);
        let subscribed = match subscribe(chain.clone()).await {
            Ok(items) => {
                let passed_on = |item| {
                    failures = 0;
                    news(chain.clone(), item);
                };
                listen(context, &*chain, items, passed_on).await
            }
            Err(error) => Err(error),
        };
        ended();
        let wait = match subscribed {
            Ok(()) => RESUBSCRIBE.delay(0),
            Err(error) if error.refusal() == Some(Refusal::Unsupported) => {
                tracing::info!(endpoint = chain.endpoint(), "the node announces no {what}");
                context.stall_after
            }
            Err(error) => {
                let wait = RESUBSCRIBE.delay(failures);
                tracing::warn!(stage = %Stage::Relay, %error, retry_in = ?wait, "lost {what}");
                failures += 1;
                wait
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Passes news on until they end, until they have been out for long (such a subscription may be
/// dead), or until another node is better.
async fn listen<T>(
    context: &Context,
    chain: &dyn ChainSource,
    mut items: Subscription<T>,
    mut news: impl FnMut(T),
) -> Result<(), ChainError> {
    let mut last = Instant::now();
    loop {
        let item = tokio::time::timeout(context.health_interval, items.next()).await;
        let preferred = chain.is_preferred(Need::Anything);
        match item {
            Ok(Some(item)) => {
                let item = item?;
                if preferred {
                    news(item);
                }
                last = Instant::now();
            }
            Ok(None) => return Ok(()),
            Err(_) if last.elapsed() >= context.stall_after => return Ok(()),
            Err(_) => {}
        }
        if !preferred {
            return Ok(());
        }
    }
}
