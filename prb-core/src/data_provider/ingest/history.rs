//! Ways to get the next segment from a node. None of them believes the node.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use parity_scale_codec::Decode;
use subxt::utils::H256;

use super::error::{IngestError, Refused};
use super::tip::Announced;
use crate::chain::verify::segment::{RelayPosition, SegmentCandidate, period_length, proof_keys};
use crate::chain::{ChainError, ChainSource, Refusal};
use crate::scale::grandpa::{FinalityProof, Justification};
use crate::scale::header::EncodedHeader;

/// Requests for headers in flight.
const HEADERS_IN_FLIGHT: usize = 32;
/// Blocks looked at in one go for a stored justification.
const SCAN: u32 = 128;
/// Most blocks fetched one by one for a segment: nodes keep a justification every 512.
const MAX_RUN: u32 = 2048;

/// Headers and the justification of the last one.
pub(super) struct Justified {
    headers: Vec<EncodedHeader>,
    justification: Bytes,
}

/// What a node can say about the finality of a block.
pub(super) enum Finality {
    Proven(Justified),
    /// It has no proof, or not yet.
    Unproven,
    /// It cannot prove finality at all, or not of this block: it was warp-synced.
    Unable,
}

/// The node's finality proof for the next block: to the end of its period, or in the running one
/// to the newest known justification.
pub(super) async fn prove(
    chain: &dyn ChainSource,
    position: &RelayPosition,
) -> Result<Finality, IngestError> {
    let next = position.next();
    let encoded = match chain.prove_finality(next).await {
        Ok(Some(encoded)) => encoded,
        Ok(None) => return Ok(Finality::Unproven),
        Err(error) => {
            return match error.refusal() {
                Some(Refusal::NotFinalizedYet) => Ok(Finality::Unproven),
                Some(Refusal::Unsupported | Refusal::BlockNotInAuthoritySetChanges) => {
                    Ok(Finality::Unable)
                }
                _ => Err(error.into()),
            };
        }
    };
    let proof = FinalityProof::decode(&mut &encoded[..])
        .map_err(|error| refused(chain, next, format!("its finality proof: {error}")))?;
    let target = Justification::decode(&mut &proof.justification[..])
        .map_err(|error| refused(chain, next, format!("its justification: {error}")))?
        .commit
        .target_number;
    if target < next {
        return Ok(Finality::Unproven);
    }
    let first = proof.unknown_headers.first().map_or(proof.block, |header| header.parent_hash);
    let mut headers = vec![chain.header(first).await?];
    headers.extend(proof.unknown_headers.into_iter().map(EncodedHeader::from));
    let justification = proof.justification.into();
    Ok(Finality::Proven(Justified { headers, justification }))
}

/// The run of blocks up to one whose justification was announced; `None` if it is too far off, or
/// if the authorities change on the way, since then another justification is needed first.
pub(super) async fn announced(
    chain: &dyn ChainSource,
    position: &RelayPosition,
    announced: &Announced,
) -> Result<Option<Justified>, IngestError> {
    if announced.number.saturating_sub(position.number) > MAX_RUN {
        return Ok(None);
    }
    let last = chain.header(announced.hash).await?;
    let mut headers = run(chain, position.next(), announced.number).await?;
    headers.push(last);
    let whole = period_length(&headers).is_ok_and(|length| length == headers.len());
    let justification = announced.justification.clone();
    Ok(whole.then_some(Justified { headers, justification }))
}

/// Headers `from..to` by number.
async fn run(
    chain: &dyn ChainSource,
    from: u32,
    to: u32,
) -> Result<Vec<EncodedHeader>, ChainError> {
    let headers = futures::stream::iter(from..to).map(|number| async move {
        match chain.block_hash(number).await? {
            Some(hash) => chain.header(hash).await.map(Some),
            None => Ok(None),
        }
    });
    let headers: Vec<_> = headers.buffered(HEADERS_IN_FLIGHT).try_collect().await?;
    // A missing one shows as a gap when the run is verified.
    Ok(headers.into_iter().flatten().collect())
}

/// The run of blocks up to the first that is stored with a justification, block by block.
pub(super) async fn scan(
    chain: &dyn ChainSource,
    position: &RelayPosition,
    finalized: u32,
) -> Result<Option<Justified>, IngestError> {
    let mut headers: Vec<EncodedHeader> = Vec::new();
    let next = position.next();
    let end = finalized.min(next.saturating_add(MAX_RUN));
    let mut from = next;
    while from <= end {
        let to = end.min(from.saturating_add(SCAN - 1));
        let blocks = futures::stream::iter(from..=to).map(|number| async move {
            match chain.block_hash(number).await? {
                Some(hash) => chain.justified_header(hash).await.map(Some),
                None => Ok::<_, ChainError>(None),
            }
        });
        let mut blocks = blocks.buffered(HEADERS_IN_FLIGHT);
        while let Some(block) = blocks.try_next().await? {
            let Some((header, justification)) = block else { return Ok(None) };
            headers.push(header);
            if let Some(justification) = justification {
                return Ok(Some(Justified { headers, justification }));
            }
        }
        from = to + 1;
    }
    Ok(None)
}

/// The run up to the finalized head, if the node keeps a justification with it.
pub(super) async fn stored(
    chain: &dyn ChainSource,
    position: &RelayPosition,
    finalized: &EncodedHeader,
) -> Result<Option<Justified>, IngestError> {
    let (_, justification) = chain.justified_header(finalized.hash()).await?;
    let Some(justification) = justification else { return Ok(None) };
    let (number, hash) = (finalized.number(), finalized.hash());
    announced(chain, position, &Announced { number, hash, justification }).await
}

/// Adds the one read proof a segment needs, at its last block.
pub(super) async fn complete(
    chain: &dyn ChainSource,
    para_id: u32,
    justified: Justified,
) -> Result<SegmentCandidate, IngestError> {
    let Justified { headers, justification } = justified;
    let proof = match headers.last() {
        Some(last) => chain.read_proof(proof_keys(para_id, last), last.hash()).await?,
        None => Vec::new(),
    };
    Ok(SegmentCandidate { headers, justification, proof })
}

/// Something wrong about a relay chain block.
pub(super) fn refused(chain: &dyn ChainSource, number: u32, reason: String) -> Refused {
    Refused { block: format!("relay block {number}"), endpoint: chain.endpoint(), reason }
}

/// Header of the chain's block at a height, `None` where there is none.
pub(super) async fn header_at(
    chain: &dyn ChainSource,
    number: u32,
) -> Result<Option<(H256, EncodedHeader)>, ChainError> {
    let Some(hash) = chain.block_hash(number).await? else { return Ok(None) };
    Ok(Some((hash, chain.header(hash).await?)))
}
