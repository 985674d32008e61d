//! What the view says of one worker.

use subxt::utils::AccountId32;

use super::keys;
use super::values::{Reader, Unreadable, Values};
use crate::lifecycle::computing::{Seen, SeenPool};
use crate::scale::messages::MessageOrigin;
use crate::scale::on_chain::{PoolProxy, SessionInfo, WorkerInfo};
use crate::scale::registration::WorkerEndpoints;

/// Whom to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    /// The worker.
    pub(crate) public_key: [u8; 32],
    /// The pool it should be in.
    pub(crate) pid: u64,
    /// Where others reach it is of interest.
    pub(crate) endpoints: bool,
}

/// All that decides what comes next for a worker.
pub(crate) fn seen(values: &Values, subject: &Subject) -> Result<Seen, Unreadable> {
    let mut reader = Reader::new(values);
    let key = &subject.public_key;
    let binding: Option<AccountId32> =
        reader.get("PhalaComputation.WorkerBindings", keys::binding(key));
    let session = binding.as_ref().and_then(|session| {
        // Both are asked for together.
        let stake = reader.get("PhalaComputation.Stakes", keys::stake(session));
        let info = reader.get("PhalaComputation.Sessions", keys::session(session));
        info.map(|info| (info, stake))
    });
    let (session, session_stake) =
        session.map_or((None, None), |(info, stake)| (Some(info), stake));
    let seen = Seen {
        registration: reader.get("PhalaRegistry.Workers", keys::registration(key)),
        assignment: reader.get("PhalaStakePoolv2.WorkerAssignments", keys::assignment(key)),
        binding,
        session,
        session_stake,
        endpoints: if subject.endpoints { endpoints(&mut reader, key) } else { Vec::new() },
        pool: pool(&mut reader, subject.pid),
        tokenomics: reader.get("PhalaComputation.TokenomicParameters", keys::tokenomics()),
        cool_down_period: reader
            .get("PhalaComputation.CoolDownPeriod", keys::cool_down_period())
            .unwrap_or_default(),
        now: reader.get::<u64>("Timestamp.Now", keys::now()).unwrap_or_default() / 1000,
    };
    reader.done(seen)
}

fn endpoints(reader: &mut Reader<'_>, key: &[u8; 32]) -> Vec<String> {
    let published = reader.get("PhalaRegistry.Endpoints", keys::endpoints(key));
    published.map_or_else(Vec::new, |WorkerEndpoints::V1(endpoints)| endpoints)
}

fn pool(reader: &mut Reader<'_>, pid: u64) -> Option<SeenPool> {
    let proxy: PoolProxy = reader.get("PhalaBasePool.Pools", keys::pool(pid))?;
    let base = proxy.base();
    // The value begins with the balance.
    let free_stake: Option<u128> =
        reader.get("Assets.Account", keys::free_stake(&base.pool_account_id));
    Some(SeenPool {
        owner: base.owner,
        free_stake: free_stake.unwrap_or_default(),
        withdrawing: !base.withdraw_queue.is_empty(),
        takes_workers: matches!(proxy, PoolProxy::StakePool(_)),
        workers: match &proxy {
            PoolProxy::StakePool(pool) => pool.workers.len(),
            PoolProxy::Vault(_) => 0,
        },
    })
}

/// The next sequence that the chain takes from a sender.
pub(crate) fn ingress(values: &Values, sender: &MessageOrigin) -> Result<u64, Unreadable> {
    let mut reader = Reader::new(values);
    let ingress = reader.get("PhalaMq.OffchainIngress", keys::ingress(sender)).unwrap_or_default();
    reader.done(ingress)
}

/// A worker's session and what it does.
pub(crate) fn session_info(
    values: &Values,
    public_key: &[u8; 32],
) -> Result<Option<(AccountId32, Option<SessionInfo>)>, Unreadable> {
    let mut reader = Reader::new(values);
    let binding: Option<AccountId32> =
        reader.get("PhalaComputation.WorkerBindings", keys::binding(public_key));
    let session = binding.map(|session| {
        let info = reader.get("PhalaComputation.Sessions", keys::session(&session));
        (session, info)
    });
    reader.done(session)
}

/// The first block whose state knows a worker as registered; `None` if none does.
///
/// Of a worker registered before the chain took note of when, 0 is as good as any.
pub(crate) fn first_known(
    values: &Values,
    public_key: &[u8; 32],
) -> Result<Option<u32>, Unreadable> {
    let mut reader = Reader::new(values);
    let added_at: Option<u32> =
        reader.get("PhalaRegistry.WorkerAddedAt", keys::registered_at(public_key));
    let registration: Option<WorkerInfo> =
        reader.get("PhalaRegistry.Workers", keys::registration(public_key));
    reader.done(registration.map(|_| added_at.unwrap_or_default()))
}
