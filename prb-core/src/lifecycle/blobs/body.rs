//! Bodies of requests, made of what providers serve.

use std::sync::Arc;

use bytes::Bytes;
use parity_scale_codec::{Compact, Encode};
use prost::Message;
use subxt::utils::H256;

use super::segment::join;
use super::{Blobs, StoredSegment};
use crate::blob::BlobError;
use crate::chain::verify::headers::{LinkError, continue_chain};
use crate::lifecycle::sync::plan::{Request, Run};
use crate::pruntime::proto;
use crate::scale::header::EncodedHeader;

/// Why a request's body could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The provider failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The provider has it not, or not in the same pieces any more.
    #[error("the data provider does not have {what} {number}")]
    Missing {
        /// What.
        what: &'static str,
        /// Its number.
        number: u32,
    },
    /// Parachain headers do not form a chain. A worker would take them, as it checks the last one
    /// only, and fail for good at the first block of another fork.
    #[error("the data provider's parachain headers do not form a chain: {0}")]
    Unlinked(#[from] LinkError),
    /// A header does not decode.
    #[error("the data provider's parachain header {0} does not decode")]
    Undecodable(u32),
}

/// Encodes a request.
pub(super) async fn encode(blobs: &Blobs, request: Request) -> Result<Bytes, BodyError> {
    let body = match request {
        Request::Relay { from, to } => {
            let segments = segments(blobs, Run { from, to }).await?;
            let request = proto::HeadersToSync {
                encoded_headers: join(&segments).into(),
                encoded_authority_set_change: change(&segments),
            };
            request.encode_to_vec()
        }
        Request::Combined { relay, para } => {
            let segments = segments(blobs, relay).await?;
            let request = proto::CombinedHeadersToSync {
                encoded_relaychain_headers: join(&segments).into(),
                authority_set_change: change(&segments),
                encoded_parachain_headers: para_headers(blobs, para).await?,
                proof: proof(&segments),
            };
            request.encode_to_vec()
        }
        Request::Para { at, run } => {
            let segment = segment(blobs, at).await?;
            if segment.plan().to != at {
                return Err(BodyError::Missing { what: "a proof at relay block", number: at });
            }
            let encoded_headers = para_headers(blobs, run).await?;
            let proof = segment.para_proof.clone();
            proto::ParaHeadersToSync { encoded_headers, proof }.encode_to_vec()
        }
        Request::Blocks(run) => {
            let mut encoded = Compact(run.to - run.from + 1).encode();
            for number in run.from..=run.to {
                let missing = BodyError::Missing { what: "parachain block", number };
                encoded.extend_from_slice(&blobs.block(number).await?.ok_or(missing)?);
            }
            proto::Blocks { encoded_blocks: encoded.into() }.encode_to_vec()
        }
    };
    Ok(body.into())
}

async fn segment(blobs: &Blobs, number: u32) -> Result<Arc<StoredSegment>, BodyError> {
    let missing = BodyError::Missing { what: "relay block", number };
    blobs.segment(number).await?.ok_or(missing)
}

/// The segments that make up a run, if they still do: a provider merges those of a closed period.
async fn segments(blobs: &Blobs, run: Run) -> Result<Vec<Arc<StoredSegment>>, BodyError> {
    let mut segments = Vec::new();
    let mut next = run.from;
    while next <= run.to {
        let segment = segment(blobs, next).await?;
        let plan = segment.plan();
        if plan.from != next || plan.to > run.to {
            return Err(BodyError::Missing { what: "a segment from relay block", number: next });
        }
        next = plan.to + 1;
        segments.push(segment);
    }
    Ok(segments)
}

/// Newer workers take the change from the header, older ones from here; it never hurts.
fn change(segments: &[Arc<StoredSegment>]) -> Option<Bytes> {
    segments.last()?.authority_set_change.clone()
}

fn proof(segments: &[Arc<StoredSegment>]) -> Vec<Bytes> {
    segments.last().map_or_else(Vec::new, |segment| segment.para_proof.clone())
}

/// SCALE Headers, checked to link to each other and to the header before.
async fn para_headers(blobs: &Blobs, run: Run) -> Result<Bytes, BodyError> {
    let header = async |number: u32| {
        let missing = BodyError::Missing { what: "parachain header", number };
        let bytes = blobs.header(number).await?.ok_or(missing)?;
        EncodedHeader::decode(bytes).map_err(|_| BodyError::Undecodable(number))
    };
    let mut headers = Vec::new();
    for number in run.from..=run.to {
        headers.push(header(number).await?);
    }
    let parent = match (run.from.checked_sub(1), headers.first()) {
        (None, _) => H256::zero(),
        // Its state is what the worker began with.
        (Some(_), Some(first)) if blobs.begins_with(run.from).await? => first.header().parent_hash,
        (Some(before), _) => header(before).await?.hash(),
    };
    continue_chain(parent, run.from, &headers)?;
    let mut encoded = Compact(headers.len() as u32).encode();
    for header in headers {
        encoded.extend_from_slice(header.bytes());
    }
    Ok(encoded.into())
}
