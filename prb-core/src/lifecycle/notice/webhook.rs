//! Posts notices, signed.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use reqwest::{Client, StatusCode};
use sha2::Sha256;
use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Notice;

/// Header with the time of the request, Unix seconds.
pub const TIMESTAMP_HEADER: &str = "prb-timestamp";

/// Header with `v1=` and the lower-case hex of HMAC-SHA-256 over the timestamp's text, a dot, and
/// the body.
pub const SIGNATURE_HEADER: &str = "prb-signature";

const SHORTEST: usize = 16;
const LONGEST: usize = 4096;

/// Longest time for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Attempts at one notice.
const ATTEMPTS: u32 = 5;

/// Before the second attempt; four times as long before each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Where notices are posted to. `Debug` shows neither the secret nor the URL, which may hold one.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    secret: WebhookSecret,
}

/// What requests are signed with. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// The secret is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret has {SHORTEST} to {LONGEST} bytes, this one {0}")]
pub struct SecretLength(usize);

/// Posts notices.
pub(crate) struct Poster {
    webhook: Webhook,
    client: Client,
}

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("the receiver answers {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Unreachable(String),
}

impl Webhook {
    /// Posts to an http or https URL.
    pub fn new(url: Url, secret: WebhookSecret) -> Self {
        Self { url, secret }
    }
}

impl WebhookSecret {
    /// A secret of 16 to 4,096 bytes; white space around it does not count.
    pub fn new(secret: &[u8]) -> Result<Self, SecretLength> {
        let secret = secret.trim_ascii();
        match secret.len() {
            SHORTEST..=LONGEST => Ok(Self(Zeroizing::new(secret.to_vec()))),
            length => Err(SecretLength(length)),
        }
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn signature(&self, timestamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes any key");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

impl PostError {
    /// Whether the same request may be taken later.
    fn passes(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Status(status) => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    )
            }
        }
    }
}

impl Poster {
    /// Connects to nothing yet. Fails if the system gives no resources for a client.
    pub(crate) fn new(webhook: Webhook) -> Result<Self, reqwest::Error> {
        crate::tls::choose_cryptography();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .pool_max_idle_per_host(1)
            .build()?;
        Ok(Self { webhook, client })
    }

    /// Posts one after the other, until nobody sends any more.
    pub(super) async fn run(self, mut notices: mpsc::Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            match serde_json::to_vec(&notice) {
                Ok(body) => self.deliver(notice.id, &body).await,
                Err(error) => tracing::error!(%error, "a notice cannot be written as JSON"),
            }
        }
    }

    async fn deliver(&self, id: Uuid, body: &[u8]) {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            let Err(error) = self.post(body).await else { break };
            if attempt == ATTEMPTS || !error.passes() {
                tracing::error!(%id, attempt, %error, "a notice cannot be posted");
                break;
            }
            tracing::debug!(%id, attempt, %error, "a notice is posted again later");
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
    }

    async fn post(&self, body: &[u8]) -> Result<(), PostError> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let timestamp = since_epoch.as_secs().to_string();
        let Webhook { url, secret } = &self.webhook;
        let sent = self
            .client
            .post(url.clone())
            .header("content-type", "application/json")
            .header(TIMESTAMP_HEADER, &timestamp)
            .header(SIGNATURE_HEADER, secret.signature(&timestamp, body))
            .body(body.to_vec())
            .send()
            .await;
        // The URL may hold a token.
        let answer =
            sent.map_err(|error| PostError::Unreachable(error.without_url().to_string()))?;
        if answer.status().is_success() { Ok(()) } else { Err(PostError::Status(answer.status())) }
    }
}

#[cfg(test)]
mod tests;
