//! Whom a lifecycle manager tells of workers in trouble.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use prb_core::lifecycle::{Webhook, WebhookSecret};
use prb_walkie::access::read_secret;
use url::Url;

/// Who is told when a worker is offline, in error, unresponsive, or has recovered.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Notices")]
pub struct NoticeArgs {
    /// Where notices about workers in trouble are posted to, as JSON; they are logged in any case.
    /// A URL with a token in it belongs into the variable.
    #[arg(long, value_name = "URL", env = "PRB_WEBHOOK", hide_env_values = true)]
    #[arg(requires = "webhook_secret")]
    webhook: Option<Address>,

    /// File with the secret that posts are signed with: Prb-Signature is v1= and the hex of
    /// HMAC-SHA-256 over the value of Prb-Timestamp, a dot, and the body.
    #[arg(long, value_name = "FILE", env = "PRB_WEBHOOK_SECRET")]
    webhook_secret: Option<PathBuf>,

    /// How long a worker must be well before it counts as recovered, in seconds.
    #[arg(long, value_name = "SECONDS", env = "PRB_RECOVERED_AFTER", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=86_400))]
    recovered_after: u64,
}

/// An http or https URL, which is not shown.
#[derive(Clone)]
struct Address(Url);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

impl std::str::FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<Url>() {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(url)),
            _ => Err("not an http or https URL"),
        }
    }
}

impl NoticeArgs {
    /// Reads the secret.
    pub(crate) fn webhook(&self) -> Result<Option<Webhook>> {
        let (Some(Address(url)), Some(file)) = (&self.webhook, &self.webhook_secret) else {
            return Ok(None);
        };
        let secret = WebhookSecret::new(&read_secret(file)?)?;
        Ok(Some(Webhook::new(url.clone(), secret)))
    }

    pub(crate) fn recovered_after(&self) -> Duration {
        Duration::from_secs(self.recovered_after)
    }
}
