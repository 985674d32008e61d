//! What a worker manager of version 3 says over its REST.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use subxt::utils::AccountId32;
use url::Url;

use crate::http_client;

/// Long enough for some thousand workers.
const PATIENCE: Duration = Duration::from_mins(1);

/// Its pools with their workers, and who signs for them.
pub(super) struct Found {
    pub(super) pools: Vec<Pool>,
    operators: Vec<RawOperator>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) pid: u64,
    pub(super) enabled: bool,
    pub(super) sync_only: bool,
    pub(super) workers: Option<Vec<Worker>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) endpoint: String,
    /// Decimal planck.
    pub(super) stake: String,
    pub(super) enabled: bool,
    pub(super) sync_only: bool,
    pub(super) gatekeeper: bool,
}

#[derive(Debug, Deserialize)]
struct RawOperator {
    pid: u64,
    operator_account_id: String,
    proxied_account_id: Option<String>,
}

/// Who signs for a pool.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) address: String,
    pub(super) account: AccountId32,
    pub(super) proxied: Option<AccountId32>,
}

impl Found {
    /// Asks for all of it.
    pub(super) async fn ask(from: &Url) -> Result<Self> {
        ensure!(
            from.scheme() == "http",
            "{from}: version 3 speaks http; one behind TLS is asked from its own host"
        );
        let host = from.host_str().with_context(|| format!("{from} names no host"))?;
        let authority = format!("{host}:{}", from.port_or_known_default().unwrap_or(80));
        Ok(Self {
            pools: config(&authority, "GetAllPoolsWithWorkers").await?,
            operators: config(&authority, "GetAllPoolOperators").await?,
        })
    }

    /// Who signs, by pool.
    pub(super) fn operators(&self) -> Result<BTreeMap<u64, Operator>> {
        self.operators.iter().map(|raw| Ok((raw.pid, raw.read()?))).collect()
    }

    /// The accounts whose secrets are needed, by address.
    pub(super) fn accounts(&self) -> Result<BTreeMap<String, AccountId32>> {
        let mut operators = self.operators()?;
        let of_pools = self.pools.iter().filter_map(|pool| operators.remove(&pool.pid));
        Ok(of_pools.map(|operator| (operator.address, operator.account)).collect())
    }
}

impl RawOperator {
    fn read(&self) -> Result<Operator> {
        let account = |text: &str| {
            let account = text.parse::<AccountId32>();
            account.with_context(|| format!("pool {}: {text:?} is no account", self.pid))
        };
        Ok(Operator {
            address: self.operator_account_id.clone(),
            account: account(&self.operator_account_id)?,
            proxied: self.proxied_account_id.as_deref().map(account).transpose()?,
        })
    }
}

/// What a command without arguments answers.
async fn config<T: DeserializeOwned>(authority: &str, command: &str) -> Result<T> {
    let body = Full::new(Bytes::from(Value::from(command).to_string()));
    let request = Request::post("/wm/config").header(header::CONTENT_TYPE, "application/json");
    let answer = http_client::ask(authority, request.body(body)?, PATIENCE).await?;
    let said = || String::from_utf8_lossy(&answer.body).chars().take(200).collect::<String>();
    ensure!(answer.status.is_success(), "{authority} answers {}: {}", answer.status, said());
    serde_json::from_slice(&answer.body)
        .with_context(|| format!("{authority} is no worker manager of version 3: {}", said()))
}
