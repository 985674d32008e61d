//! An extrinsic of no consequence, signed beside the trader.

use prb_core::chain::{ChainClient, ChainError};
use prb_core::trader::Operator;
use prb_core::trader::era::Era;
use prb_core::trader::extrinsic::{Terms, sign};
use prb_core::trader::runtime::Runtime;

/// Signs a remark with a nonce and a tip in planck, and submits it.
pub(crate) async fn remark(
    chain: &ChainClient,
    operator: &Operator,
    nonce: u32,
    tip: u128,
) -> Result<(), ChainError> {
    let version = chain.runtime_version(None).await?;
    let metadata = chain.metadata(None).await?;
    let genesis = chain.genesis_hash().await?;
    let (spec, transaction) = (version.spec_version, version.transaction_version);
    let runtime = Runtime::decode(&metadata, genesis, spec, transaction).unwrap();
    let head = chain.finalized_head().await?;
    let number = chain.header(head).await?.number();
    let terms = Terms { nonce, era: Era::new(number, head, 16), tip };
    let call = runtime.encode_call("System", "remark", &[4, 7]).unwrap();
    let signed = sign(&runtime, &call, &terms, operator).unwrap();
    chain.submit_and_watch(&signed.bytes).await.map(drop)
}
