//! Several requests in one message, for nodes that take that: it costs both sides less.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jsonrpsee::core::client::{ClientT, Error as ClientError};
use jsonrpsee::core::params::BatchRequestBuilder;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::json;
use subxt::utils::H256;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::answer::Answer;
use super::{Client, Connection, Params};

/// A node that took no such message may take one later.
const TRY_AGAIN: Duration = Duration::from_mins(10);

/// Whether a node takes several requests in one message, and when it was tried.
#[derive(Default)]
pub(super) struct Batches(Mutex<Option<(bool, Instant)>>);

impl Connection {
    /// The answers to requests of one method, in their order, by one message. `None` where the node
    /// takes none such or did not answer all of it: then they are to be put one by one.
    pub(in crate::chain::client) async fn request_batch<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Vec<Params>,
        deadline: Duration,
        genesis: &OnceLock<H256>,
    ) -> Option<Vec<Answer<T>>> {
        let requests = u32::try_from(params.len()).ok()?.min(self.most_in_flight);
        let answers = timeout(deadline, async {
            if !self.takes_batches().await {
                return None;
            }
            let _slots = self.window.acquire_many(requests).await;
            let client: Arc<Client> = self.client(genesis).await.ok()?;
            let answers = put(&client, method, params).await;
            if answers.is_err() {
                self.batches.learn(false).await;
            }
            answers.ok().flatten()
        });
        answers.await.ok().flatten()
    }

    async fn takes_batches(&self) -> bool {
        let mut known = self.batches.0.lock().await;
        if let Some((takes, when)) = *known
            && (takes || when.elapsed() < TRY_AGAIN)
        {
            return takes;
        }
        // By a connection of its own: a node may refuse with an error that names no request, which
        // ends the connection and all that is in flight.
        let Ok(Ok(client)) = timeout(self.connect_timeout, self.build()).await else {
            return false;
        };
        let first_block = Params::of(&json!([0]));
        let twice = vec![first_block.clone(), first_block];
        let answers = put::<IgnoredAny>(&client, "chain_getBlockHash", twice).await;
        let takes = matches!(answers, Ok(Some(_)));
        *known = Some((takes, Instant::now()));
        takes
    }
}

impl Batches {
    async fn learn(&self, takes: bool) {
        *self.0.lock().await = Some((takes, Instant::now()));
    }
}

/// The message was not taken.
struct Refused;

/// The answers, or `None` where one of them is an error or cannot be read.
async fn put<T: DeserializeOwned>(
    client: &Client,
    method: &str,
    params: Vec<Params>,
) -> Result<Option<Vec<Answer<T>>>, Refused> {
    let mut batch = BatchRequestBuilder::new();
    for params in params {
        batch.insert(method, params).map_err(|_| Refused)?;
    }
    let answers = match client.batch_request::<Answer<T>>(batch).await {
        Ok(answers) => answers,
        Err(ClientError::ParseError(_)) => return Ok(None),
        Err(_) => return Err(Refused),
    };
    Ok(answers.into_iter().collect::<Result<Vec<_>, _>>().ok())
}
