//! Ways to get the next segment from a node. None of them believes the node.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use parity_scale_codec::Decode;

use super::error::{IngestError, Refused};
use super::tip::Announced;
use crate::chain::verify::headers::continue_chain;
use crate::chain::verify::segment::{
    self, RelayPosition, Segment, SegmentCandidate, SegmentError, period_length, proof_keys,
};
use crate::chain::{ChainError, ChainSource, Need, Refusal};
use crate::scale::grandpa::{FinalityProof, Justification};
use crate::scale::header::EncodedHeader;

/// Requests for headers in flight.
const HEADERS_IN_FLIGHT: usize = 32;
/// Blocks looked at in one go for a stored justification.
const SCAN: u32 = 128;
/// Most blocks fetched one by one for a segment: nodes keep a justification every 512.
const MAX_RUN: u32 = 2048;

/// Closed periods fetched ahead of the one being verified.
const PERIODS_AHEAD: usize = 3;

/// One node's view of the relay chain for one segment; another may be asked for a state the node
/// has discarded, by the same block's hash.
#[derive(Clone)]
pub(super) struct Round {
    pub(super) node: Arc<dyn ChainSource>,
    chain: Arc<dyn ChainSource>,
}

impl Round {
    pub(super) fn new(chain: &Arc<dyn ChainSource>) -> Self {
        Self { node: chain.clone().pinned(Need::Finality), chain: chain.clone() }
    }

    /// Who to ask for a state.
    fn states(&self) -> Arc<dyn ChainSource> {
        if self.node.is_preferred(Need::State) {
            self.node.clone()
        } else {
            self.chain.clone().pinned(Need::State)
        }
    }

    /// Verifies a segment that begins after `position`; gives it and the position after it.
    pub(super) async fn verify(
        &self,
        position: &RelayPosition,
        para_id: u32,
        candidate: Candidate,
    ) -> Result<(Segment, RelayPosition), IngestError> {
        let Candidate { segment, justified_by, proof_by } = candidate;
        let from = position.clone();
        // A period of many headers and signatures keeps a thread for a while.
        let checked = tokio::task::spawn_blocking(move || segment::verify(&from, para_id, segment));
        let checked = checked.await.map_err(|error| IngestError::NotYet(error.to_string()))?;
        checked.map_err(|error| {
            let by = match error {
                SegmentError::Proof(_) => proof_by,
                SegmentError::Justification(_) => justified_by,
                _ => self.node.clone(),
            };
            Refused::by(&*by, format!("relay block {}", position.next()), &error).into()
        })
    }

    /// Refuses something about the segment that begins with block `number`.
    pub(super) fn refuse(&self, number: u32, reason: &impl ToString) -> Refused {
        Refused::by(&*self.node, format!("relay block {number}"), reason)
    }
}

/// Headers and the justification of the last one.
pub(super) struct Justified {
    headers: Vec<EncodedHeader>,
    justification: Bytes,
    /// Who gave the justification.
    by: Arc<dyn ChainSource>,
}

/// What nodes gave for a segment, and who gave the justification and the proof in it.
pub(super) struct Candidate {
    segment: SegmentCandidate,
    justified_by: Arc<dyn ChainSource>,
    proof_by: Arc<dyn ChainSource>,
}

/// What a node can say about the finality of a block.
pub(super) enum Finality {
    Proven(Justified),
    /// It has no proof, or not yet.
    Unproven,
    /// It cannot prove finality at all, or not of this block: it was warp-synced.
    Unable,
}

/// The node's finality proof for block `next`: to the end of its period, or in the running one to
/// the newest known justification.
pub(super) async fn prove(round: &Round, next: u32) -> Result<Finality, IngestError> {
    Ok(match proof(round, next).await? {
        Proof::Whole(proof, _) => Finality::Proven(with_first(round, proof).await?),
        Proof::Missing => Finality::Unproven,
        Proof::Unable => Finality::Unable,
    })
}

/// What a node gives for a block.
enum Proof {
    /// With the number of the justified block.
    Whole(FinalityProof, u32),
    /// None reaches that block yet.
    Missing,
    Unable,
}

/// Adds the header of the block that was asked for, which a proof leaves out.
async fn with_first(round: &Round, proof: FinalityProof) -> Result<Justified, IngestError> {
    let first = proof.unknown_headers.first().map_or(proof.block, |header| header.parent_hash);
    let mut headers = Vec::with_capacity(proof.unknown_headers.len() + 1);
    headers.push(round.node.header(first).await?);
    headers.extend(proof.unknown_headers.into_iter().map(EncodedHeader::from));
    let justification = proof.justification.into();
    Ok(Justified { headers, justification, by: round.node.clone() })
}

async fn proof(round: &Round, next: u32) -> Result<Proof, IngestError> {
    let encoded = match round.node.prove_finality(next).await {
        Ok(Some(encoded)) => encoded,
        Ok(None) => return Ok(Proof::Missing),
        Err(error) => {
            return match error.refusal() {
                Some(Refusal::NotFinalizedYet) => Ok(Proof::Missing),
                Some(
                    Refusal::Unsupported
                    | Refusal::BlockNotInAuthoritySetChanges
                    | Refusal::ResponseTooLarge,
                ) => Ok(Proof::Unable),
                _ => Err(error.into()),
            };
        }
    };
    let proof = FinalityProof::decode(&mut &encoded[..])
        .map_err(|error| round.refuse(next, &format!("its finality proof: {error}")))?;
    let target = Justification::decode(&mut &proof.justification[..])
        .map_err(|error| round.refuse(next, &format!("its justification: {error}")))?
        .commit
        .target_number;
    // A node cuts off what is too long to send: such a period is had only block by block.
    let cut_off = proof.unknown_headers.last().is_some_and(|last| last.number < target);
    Ok(if target < next {
        Proof::Missing
    } else if cut_off {
        Proof::Unable
    } else {
        Proof::Whole(proof, target)
    })
}

/// Periods one after the other from block `next` up to the one that holds block `last`, as far as
/// one node proves them, each fetched while those before it are verified. A proof is asked for as
/// soon as the one before it says where it ends. A failure comes after what was fetched before it.
pub(super) fn periods(
    round: Round,
    para_id: u32,
    next: u32,
    last: u32,
) -> impl Stream<Item = Result<Candidate, IngestError>> {
    let proofs = {
        let round = round.clone();
        futures::stream::unfold(Some(next), move |next| {
            let round = round.clone();
            async move {
                let next = next.filter(|next| *next <= last)?;
                match proof(&round, next).await {
                    Ok(Proof::Whole(proof, to)) => Some((Ok(proof), to.checked_add(1))),
                    Ok(_) => None,
                    Err(error) => Some((Err(error), None)),
                }
            }
        })
    };
    proofs
        .map(move |proof| {
            let round = round.clone();
            async move {
                let justified = with_first(&round, proof?).await?;
                complete(&round, para_id, justified).await
            }
        })
        .buffered(PERIODS_AHEAD)
}

/// The run of blocks up to one whose justification was announced; `None` if it is too far off, or
/// if the authorities change on the way, since then another justification is needed first.
pub(super) async fn announced(
    round: &Round,
    position: &RelayPosition,
    announced: &Announced,
) -> Result<Option<Justified>, IngestError> {
    let chain = &*round.node;
    if announced.number.saturating_sub(position.number) > MAX_RUN {
        return Ok(None);
    }
    let last = match chain.header(announced.hash).await {
        Ok(last) => last,
        // Another node's view, or that of nobody.
        Err(ChainError::UnknownBlock { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut headers = run(chain, position.next(), announced.number).await?;
    headers.push(last);
    let whole = period_length(&headers).is_ok_and(|length| length == headers.len());
    let justification = announced.justification.clone();
    let by = announced.by.clone();
    Ok(whole.then_some(Justified { headers, justification, by }))
}

/// Headers `from..to` by number.
async fn run(
    chain: &dyn ChainSource,
    from: u32,
    to: u32,
) -> Result<Vec<EncodedHeader>, ChainError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let hashes = chain.block_hashes((from..to).collect()).await?;
    // A missing one shows as a gap when the run is verified.
    chain.headers(hashes.into_iter().flatten().collect()).await
}

/// The run of blocks up to the first that is stored with a justification, block by block.
pub(super) async fn scan(
    round: &Round,
    position: &RelayPosition,
    finalized: u32,
) -> Result<Option<Justified>, IngestError> {
    let chain = &*round.node;
    let mut headers: Vec<EncodedHeader> = Vec::new();
    let next = position.next();
    let end = finalized.min(next.saturating_add(MAX_RUN));
    let mut from = next;
    while from <= end {
        let to = end.min(from.saturating_add(SCAN - 1));
        let hashes = chain.block_hashes((from..=to).collect()).await?;
        let blocks = futures::stream::iter(hashes).map(|hash| async move {
            match hash {
                Some(hash) => chain.justified_header(hash).await.map(Some),
                None => Ok::<_, ChainError>(None),
            }
        });
        let mut blocks = blocks.buffered(HEADERS_IN_FLIGHT);
        while let Some(block) = blocks.try_next().await? {
            let Some((header, justification)) = block else { return Ok(None) };
            headers.push(header);
            if let Some(justification) = justification {
                let by = round.node.clone();
                return Ok(Some(Justified { headers, justification, by }));
            }
        }
        from = to + 1;
    }
    Ok(None)
}

/// The run up to the finalized head, if the node keeps a justification with it.
pub(super) async fn stored(
    round: &Round,
    position: &RelayPosition,
    finalized: &EncodedHeader,
) -> Result<Option<Justified>, IngestError> {
    let (_, justification) = round.node.justified_header(finalized.hash()).await?;
    let Some(justification) = justification else { return Ok(None) };
    let (number, hash) = (finalized.number(), finalized.hash());
    let by = round.node.clone();
    announced(round, position, &Announced { by, number, hash, justification }).await
}

/// Adds the one read proof a segment needs, at its last block.
pub(super) async fn complete(
    round: &Round,
    para_id: u32,
    justified: Justified,
) -> Result<Candidate, IngestError> {
    let Justified { headers, justification, by } = justified;
    // Of blocks that nobody else knows there is no proof to be had.
    if let Some((first, rest)) = headers.split_first() {
        continue_chain(first.hash(), first.number().saturating_add(1), rest)
            .map_err(|error| round.refuse(first.number(), &error))?;
    }
    let proof_by = round.states();
    let proof = match headers.last() {
        Some(last) => proof_by.read_proof(proof_keys(para_id, last), last.hash()).await?,
        None => Vec::new(),
    };
    let segment = SegmentCandidate { headers, justification, proof };
    Ok(Candidate { segment, justified_by: by, proof_by })
}
