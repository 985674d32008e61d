//! What would come of a job, without sending it.
//!
//! The extrinsic is signed and executed on the newest state by one node, which forgets it then.
//! What waits in pools is not in that state: of it the extrinsic knows nothing, its nonce included.

use parity_scale_codec::{Compact, Decode, Encode};
use subxt::utils::{AccountId32, H256};

use super::account_info::nonce_and_balance;
use super::calls::{CallsError, calls_of};
use super::config::TraderConfig;
use super::era::Era;
use super::events::dispatch_error;
use super::extrinsic::{ExtrinsicError, Terms, sign, wrap};
use super::operator::Operator;
use super::runtime::{Runtime, RuntimeError};
use super::runtimes::{FetchError, fetch};
use crate::chain::address::{Network, ss58};
use crate::chain::{ChainClient, ChainError, Need};
use crate::error::{Classify, ErrorClass};
use crate::queue::{CallOutcome, Job};

/// What would come of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// The account that would sign and pay.
    pub signer: AccountId32,
    /// The account in whose name the calls would be made, if it is another one.
    pub proxied: Option<AccountId32>,
    /// Each call's name, and in words what it does.
    pub calls: Vec<(String, String)>,
    /// The nonce it was tried with: the signer's next one after the newest block. What waits in
    /// nodes' pools comes before it when it is sent.
    pub nonce: u32,
    /// Bytes of the extrinsic.
    pub bytes: usize,
    /// Fee in planck, where the node tells it.
    pub fee: Option<u128>,
    /// What the node says.
    pub verdict: Verdict,
}

/// What a node says of an extrinsic that it executed for nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Its only call would end so.
    Call(CallOutcome),
    /// It would get into a block; results of calls in a batch or for another account are told only
    /// there.
    Included,
    /// It would get into no block, and why.
    Invalid(String),
}

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DryRunError {
    /// The job asks for nothing that can be done.
    #[error(transparent)]
    Calls(#[from] CallsError),
    /// The chain's runtime does not take its calls.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// No extrinsic can be made of it.
    #[error(transparent)]
    Extrinsic(#[from] ExtrinsicError),
    /// The chain cannot be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The node's answer is not known.
    #[error("the node's answer to the dry run cannot be read: {reason}")]
    Answer {
        /// What does not fit.
        reason: String,
    },
}

impl From<FetchError> for DryRunError {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Chain(error) => Self::Chain(error),
            FetchError::Runtime(error) => Self::Runtime(error),
        }
    }
}

impl Classify for DryRunError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Calls(error) => error.class(),
            Self::Runtime(error) => error.class(),
            Self::Extrinsic(error) => error.class(),
            Self::Chain(error) => error.class(),
            Self::Answer { .. } => ErrorClass::Permanent,
        }
    }
}

impl DryRun {
    /// Tries `job` as `operator` would send it alone.
    pub async fn of(
        job: &Job,
        operator: &Operator,
        chain: &ChainClient,
    ) -> Result<Self, DryRunError> {
        let mut calls = calls_of(job)?;
        let config = TraderConfig::default();
        calls.keep_first(config.max_batch_calls, config.max_batch_bytes);
        let proxied = if calls.direct { None } else { operator.proxied() };
        // Which node answers at all is found out by asking; then all is from that one and of one
        // block: a nonce that is not of the state makes it invalid.
        chain.genesis_hash().await?;
        let chain = chain.clone().pinned(Need::State);
        let birth = birth(&chain).await?;
        let best = chain.best_head().await?.hash();
        let version = chain.runtime_version(Some(best)).await?;
        let runtime = fetch(&chain, Some(best), &version).await?;
        let encoded = calls.calls.iter().map(|call| call.encode(&runtime));
        let call = wrap(&runtime, encoded.collect::<Result<_, _>>()?, proxied.as_ref())?;
        let terms = terms(&chain, operator, birth, best).await?;
        let signed = sign(&runtime, &call, &terms, operator)?;
        let apply = "BlockBuilder_apply_extrinsic";
        let answer = chain.runtime_call(apply, &signed.bytes, Some(best)).await?;
        let alone = proxied.is_none() && calls.calls.len() == 1;
        Ok(Self {
            signer: operator.signer(),
            proxied,
            nonce: terms.nonce,
            bytes: signed.bytes.len(),
            fee: fee(&chain, &signed.bytes, best).await,
            verdict: verdict(&answer, alone, &runtime)
                .map_err(|reason| DryRunError::Answer { reason })?,
            calls: calls.calls.into_iter().map(|call| (call.name(), call.words)).collect(),
        })
    }

    /// The signing account as Phala writes it.
    pub fn signer_address(&self) -> String {
        ss58(&self.signer, Network::Phala)
    }

    /// The proxied account as Phala writes it.
    pub fn proxied_address(&self) -> Option<String> {
        self.proxied.as_ref().map(|account| ss58(account, Network::Phala))
    }
}

/// Number and hash of the block before the newest finalized one: a state knows the hashes of blocks
/// before its own only, and the newest block of all may be finalized.
async fn birth(chain: &ChainClient) -> Result<(u32, H256), DryRunError> {
    let head = chain.finalized_head().await?;
    let header = chain.header(head).await?;
    Ok(match header.number().checked_sub(1) {
        Some(number) => (number, header.header().parent_hash),
        None => (0, head),
    })
}

async fn terms(
    chain: &ChainClient,
    operator: &Operator,
    (number, hash): (u32, H256),
    best: H256,
) -> Result<Terms, DryRunError> {
    let config = TraderConfig::default();
    let (nonce, _) = nonce_and_balance(chain, &operator.signer(), best).await?;
    Ok(Terms { nonce, era: Era::new(number, hash, config.era_blocks), tip: config.tip })
}

/// RuntimeDispatchInfo: weight (two compacts) · class · fee. Not every node tells it.
async fn fee(chain: &ChainClient, extrinsic: &[u8], best: H256) -> Option<u128> {
    type Info = (Compact<u64>, Compact<u64>, u8, u128);
    let arguments = [extrinsic, &(extrinsic.len() as u32).encode()].concat();
    let function = "TransactionPaymentApi_query_info";
    let answer = chain.runtime_call(function, &arguments, Some(best)).await;
    Info::decode(&mut &answer.ok()?[..]).ok().map(|(_, _, _, fee)| fee)
}

/// `Result<Result<(), DispatchError>, TransactionValidityError>`.
fn verdict(answer: &[u8], alone: bool, runtime: &Runtime) -> Result<Verdict, String> {
    match answer {
        [0, 0] if alone => Ok(Verdict::Call(CallOutcome::Ok)),
        [0, 0] => Ok(Verdict::Included),
        [0, 1, error @ ..] => Ok(Verdict::Call(dispatch_error(error, runtime)?)),
        [1, 0, reason @ ..] => Ok(Verdict::Invalid(invalid(reason))),
        [1, 1, reason @ ..] => Ok(Verdict::Invalid(format!("it cannot be validated: {reason:?}"))),
        _ => Err(format!("0x{}", hex::encode(answer))),
    }
}

/// InvalidTransaction, as far as it can come of what a trader signs.
fn invalid(reason: &[u8]) -> String {
    match reason {
        [0, ..] => "its call is not allowed".to_owned(),
        [1, ..] => "the account cannot pay the fee".to_owned(),
        [2, ..] => "something must come before it: a nonce, or a message of the sender".to_owned(),
        [3, ..] => "its nonce or its message is used already".to_owned(),
        [4, ..] => "its signature is wrong".to_owned(),
        [5, ..] => "its era is over".to_owned(),
        [6, ..] => "a block has no room for it".to_owned(),
        [7, code, ..] => format!("the chain says {code}"),
        _ => format!("the chain says {reason:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trader::tests::khala;

    #[test]
    fn a_nodes_answer_is_told_in_words() {
        let Some(khala) = khala() else { return };
        let told = |answer: &[u8], alone| verdict(answer, alone, &khala);
        assert_eq!(told(&[0, 0], true), Ok(Verdict::Call(CallOutcome::Ok)));
        assert_eq!(told(&[0, 0], false), Ok(Verdict::Included));
        // Module { index: 93, error: 16 }
        let Ok(Verdict::Call(CallOutcome::Error { error, .. })) =
            told(&[0, 1, 3, 93, 16, 0, 0, 0], true)
        else {
            panic!("a module's error")
        };
        assert_eq!(error, "PhalaStakePoolv2.InsufficientFreeStake");
        assert!(matches!(told(&[1, 0, 1], true), Ok(Verdict::Invalid(why)) if why.contains("pay")));
        assert!(told(&[], true).is_err() && told(&[2], true).is_err());
    }
}
