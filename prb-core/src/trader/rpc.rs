//! What a trader answers its peers.

use prb_walkie::proto::walkie_rpc_server::WalkieRpc;
use prb_walkie::proto::{Empty, trader as proto};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use super::status::AccountStatus;
use super::{TraderHandle, TraderStatus};
use crate::chain::address::{Network, ss58};

/// How far a trader has come with starting.
#[derive(Clone)]
pub enum TraderProgress {
    /// It takes no jobs yet, and what it waits for, for people.
    WaitingFor(String),
    /// It runs.
    Running(TraderHandle),
}

/// The methods of a trader, for [`prb_walkie::node::Builder::service`].
#[derive(Clone)]
pub struct TraderRpc(watch::Receiver<TraderProgress>);

impl TraderRpc {
    /// Answers from a trader that may still be waiting to start.
    pub fn new(progress: watch::Receiver<TraderProgress>) -> Self {
        Self(progress)
    }
}

#[tonic::async_trait]
impl WalkieRpc for TraderRpc {
    async fn get_trader_status(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<proto::Status>, Status> {
        let progress = self.0.borrow().clone();
        Ok(Response::new(match progress {
            TraderProgress::WaitingFor(waiting_for) => {
                proto::Status { waiting_for, accounts: Vec::new() }
            }
            TraderProgress::Running(trader) => trader.status().into(),
        }))
    }
}

impl From<TraderStatus> for proto::Status {
    fn from(status: TraderStatus) -> Self {
        let accounts = status.accounts.into_values().map(Into::into).collect();
        Self { waiting_for: String::new(), accounts }
    }
}

impl From<AccountStatus> for proto::Account {
    fn from(account: AccountStatus) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            ss58_phala: ss58(&account.account, Network::Phala),
            pools: account.pools,
            nonce: account.nonce,
            balance: account.balance.map(|planck| planck.to_string()).unwrap_or_default(),
            low_balance: account.low_balance,
            in_flight: count(account.in_flight),
            pending: count(account.pending),
            settling: account.settling.unwrap_or_default(),
            last_error: account.last_error.unwrap_or_default(),
        }
    }
}
