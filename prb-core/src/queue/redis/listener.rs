//! Hears what other programs on the queue do.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::link::RETRY;
use super::shared::Shared;
use crate::queue::job::{JobEvent, JobId, JobState, Progress};

/// Longest wait for a subscription.
const SUBSCRIBE: Duration = Duration::from_secs(5);

/// An event as the field's programs publish it, and who did, if it was prb.
#[derive(Deserialize)]
struct Message<'a> {
    id: String,
    #[serde(borrow)]
    event: Cow<'a, str>,
    /// Of a success all of its outcome, which is read elsewhere.
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    by: Option<Cow<'a, str>>,
}

/// Runs until the queue is closed.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut failures = 0;
    loop {
        let heard = shared.stop.run_until_cancelled(listen(&shared, &mut failures)).await;
        shared.listening.send_replace(false);
        let Some(heard) = heard else { return };
        if let Err(error) = heard {
            tracing::debug!(%error, "events of the queue are not heard");
        }
        let pause = tokio::time::sleep(RETRY.delay(failures));
        failures = failures.saturating_add(1);
        if shared.stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Listens until the connection ends, or the one for commands had to be given up: a primary that
/// became a replica tells of nothing any more.
///
/// Events are subscribed to when somebody first wants them: who only works on jobs would be woken
/// by each of its own.
async fn listen(shared: &Shared, failures: &mut u32) -> Result<(), String> {
    let mut resets = shared.commands.resets();
    let mut wanted = shared.events_wanted.subscribe();
    let connect = async {
        let mut connection = shared.client.get_async_pubsub().await?;
        connection.subscribe(shared.key("earlierDelayed")).await?;
        Ok::<_, redis::RedisError>(connection)
    };
    let connection = timeout(SUBSCRIBE, connect).await.map_err(|_| "no answer in time")?;
    let (mut asks, mut messages) = connection.map_err(|error| error.to_string())?.split();
    *failures = 0;
    let mut heard = false;
    loop {
        if !heard && *wanted.borrow_and_update() {
            let subscribed = timeout(SUBSCRIBE, asks.subscribe(shared.key("events"))).await;
            subscribed.map_err(|_| "no answer in time")?.map_err(|error| error.to_string())?;
            shared.listening.send_replace(true);
            heard = true;
        }
        tokio::select! {
            message = messages.next() => match message {
                Some(message) if message.get_channel_name().ends_with(":events") => {
                    if shared.events.receiver_count() > 0
                        && let Some(event) = event(message.get_payload_bytes(), &shared.owner)
                    {
                        // Nobody listening is not an error.
                        let _ = shared.events.send(event);
                    }
                }
                Some(_) => shared.earlier.notify_one(),
                None => return Err("the connection ended".into()),
            },
            Ok(()) = resets.changed() => return Ok(()),
            Ok(()) = wanted.changed(), if !heard => {}
        }
    }
}

/// The event in a message of somebody else.
fn event(message: &[u8], owner: &str) -> Option<JobEvent> {
    let message: Message = serde_json::from_slice(message).ok()?;
    if message.by.as_deref() == Some(owner) {
        return None;
    }
    let state = match &*message.event {
        "progress" => JobState::Active,
        "succeeded" => JobState::Succeeded,
        "failed" => JobState::Failed,
        "retrying" => JobState::Delayed,
        _ => return None,
    };
    let progress = (state == JobState::Active)
        .then(|| serde_json::from_str::<Progress>(message.data?.get()).ok())
        .flatten();
    Some(JobEvent { id: JobId(message.id), state, progress })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_others_are_understood_and_own_ones_not_told_twice() {
        let heard = |text: &str| event(text.as_bytes(), "me").map(|it| (it.state, it.progress));
        let working = r#"{"id":"1","event":"progress","data":"RP_WORKING"}"#;
        assert_eq!(heard(working), Some((JobState::Active, Some(Progress::Working))));
        let half = r#"{"id":"1","event":"progress","data":50}"#;
        assert_eq!(heard(half), Some((JobState::Active, None)));
        let succeeded = r#"{"id":"1","event":"succeeded","by":"other"}"#;
        assert_eq!(heard(succeeded), Some((JobState::Succeeded, None)));
        let failed = r#"{"id":"1","event":"failed","data":"why"}"#;
        assert_eq!(heard(failed), Some((JobState::Failed, None)));
        assert_eq!(heard(r#"{"id":"1","event":"succeeded","by":"me"}"#), None);
        for nonsense in ["", "{}", r#"{"id":1,"event":"failed"}"#, r#"{"id":"1","event":"new"}"#] {
            assert_eq!(heard(nonsense), None, "{nonsense}");
        }
    }
}
