//! Leases in the Redis of the queue.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::RedisQueue;
use super::shared::Shared;
use crate::queue::lease::{LeaseAnswer, LeaseRequest, LeaseState, LeaseStore};
use crate::queue::{QueueError, WorkerKey};

/// How long a Redis that is away is waited for. Short: a lease that is not renewed ends.
const PATIENCE: Duration = Duration::from_secs(1);

impl LeaseStore for RedisQueue {
    fn exchange<'a>(
        &'a self,
        request: &'a LeaseRequest,
    ) -> BoxFuture<'a, Result<LeaseAnswer, QueueError>> {
        exchange(&self.shared, request).boxed()
    }
}

async fn exchange(shared: &Shared, request: &LeaseRequest) -> Result<LeaseAnswer, QueueError> {
    let mut script = shared.scripts.lease();
    let LeaseRequest { identity, manager, name, ttl, wanted, given_up } = request;
    script.arg(identity).arg(manager).arg(name).arg(ttl.as_millis() as u64).arg(wanted.len());
    for (key, held) in wanted {
        script.arg(hex(key)).arg(u8::from(*held));
    }
    for key in given_up {
        script.arg(hex(key));
    }
    let answer: Vec<redis::Value> = shared.commands.insist_script(&script, PATIENCE).await?;
    read(answer).ok_or_else(|| QueueError::StoreRefuses {
        reason: "it gives no answer to a request for leases that can be read".to_owned(),
    })
}

fn hex(key: &WorkerKey) -> String {
    const_hex::encode(key)
}

fn read(answer: Vec<redis::Value>) -> Option<LeaseAnswer> {
    let mut answer = answer.into_iter();
    let done: u8 = redis::from_redis_value(answer.next()?).ok()?;
    let mut texts = answer.map(|value| redis::from_redis_value::<String>(value).ok());
    if done == 0 {
        return Some(LeaseAnswer::OtherIdentity { manager: texts.next()?? });
    }
    let state = |text: Option<String>| {
        Some(match text?.as_str() {
            "" => LeaseState::Held,
            "?" => LeaseState::Unsettled,
            name => LeaseState::Other(name.to_owned()),
        })
    };
    texts.map(state).collect::<Option<_>>().map(LeaseAnswer::States)
}
