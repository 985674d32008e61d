//! `chain_*`: headers and blocks.

use std::sync::Arc;

use jsonrpsee::RpcModule;
use jsonrpsee::server::RegisterMethodError;
use serde::{Deserialize, Serialize};
use sp_consensus_grandpa::GRANDPA_ENGINE_ID;
use sp_runtime::Justifications;
use sp_runtime::generic::SignedBlock;

use super::subscription::follow_blocks;
use super::{Context, RpcError};
use crate::engine::chain::StoredBlock;
use crate::engine::{Block, Hash, Header};

pub(super) fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_method("chain_getBlockHash", |params, context, _| {
        let asked: Option<Asked> = params.sequence().optional_next()?;
        Ok::<_, RpcError>(hashes(context, asked))
    })?;
    module.register_alias("chain_getHead", "chain_getBlockHash")?;
    module.register_method("chain_getFinalizedHead", |_, context, _| {
        Ok::<_, RpcError>(context.finalized().hash)
    })?;
    module.register_alias("chain_getFinalisedHead", "chain_getFinalizedHead")?;
    module.register_method("chain_getHeader", |params, context, _| {
        let hash = context.block_or_best(params.sequence().optional_next()?);
        Ok::<_, RpcError>(context.header(hash))
    })?;
    module.register_method("chain_getBlock", |params, context, _| {
        let hash = context.block_or_best(params.sequence().optional_next()?);
        let block = context.block(hash).ok();
        Ok::<_, RpcError>(block.map(|block| signed(context, &block)))
    })?;
    let header = |block: &StoredBlock| -> Header { block.header.clone() };
    follow_blocks(
        module,
        ["chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"],
        |context| (context.node.subscribe_imported(), context.best()),
        header,
    )?;
    follow_blocks(
        module,
        ["chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"],
        |context| (context.node.subscribe_imported(), context.best()),
        header,
    )?;
    follow_blocks(
        module,
        ["chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"],
        |context| (context.node.subscribe_finalized(), context.finalized()),
        header,
    )?;
    for (alias, method) in [
        ("chain_subscribeNewHead", "chain_subscribeNewHeads"),
        ("chain_unsubscribeNewHead", "chain_unsubscribeNewHeads"),
        ("subscribe_newHead", "chain_subscribeNewHeads"),
        ("unsubscribe_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeFinalisedHeads", "chain_subscribeFinalizedHeads"),
        ("chain_unsubscribeFinalisedHeads", "chain_unsubscribeFinalizedHeads"),
    ] {
        module.register_alias(alias, method)?;
    }
    Ok(())
}

/// Heights a client asks for: one or a list, as numbers or as hex text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    One(Height),
    Many(Vec<Height>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Height {
    Number(u64),
    Hex(String),
}

#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Hashes {
    One(Option<Hash>),
    Many(Vec<Option<Hash>>),
}

fn hashes(context: &Context, asked: Option<Asked>) -> Hashes {
    let at = |height: &Height| -> Option<Hash> {
        let number = match height {
            Height::Number(number) => *number,
            Height::Hex(text) => u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?,
        };
        context.hash_at(u32::try_from(number).ok()?)
    };
    match asked {
        None => Hashes::One(Some(context.best().hash)),
        Some(Asked::One(height)) => Hashes::One(at(&height)),
        Some(Asked::Many(heights)) => Hashes::Many(heights.iter().map(at).collect()),
    }
}

fn signed(context: &Context, block: &Arc<StoredBlock>) -> SignedBlock<Block> {
    let justification = context
        .finality
        .as_ref()
        .and_then(|relay| relay.finality.read().justification(block.number()).map(<[u8]>::to_vec));
    SignedBlock {
        block: Block { header: block.header.clone(), extrinsics: block.extrinsics.clone() },
        justifications: justification.map(|bytes| {
            let bytes = context.faults.of_node().justification(bytes);
            Justifications::from((GRANDPA_ENGINE_ID, bytes))
        }),
    }
}
