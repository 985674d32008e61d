//! Where to go on: derived from what is stored.

use std::sync::Arc;

use bytes::Bytes;
use parity_scale_codec::DecodeAll;
use prb_walkie::proto::data_provider::RelaySegment;

use super::super::genesis::Genesis;
use crate::chain::verify::authorities::scheduled_change;
use crate::chain::verify::segment::RelayPosition;
use crate::scale::bridge::HeaderToSync;
use crate::scale::grandpa::AuthoritySet;
use crate::scale::header::EncodedHeader;
use crate::store::StoreError;
use crate::store::relay::RelaySegments;

/// The position after the last stored segment.
pub(super) async fn resume(
    genesis: &Genesis,
    segments: &RelaySegments,
) -> Result<RelayPosition, StoreError> {
    let mut position = after(genesis, segments.last_closed().await?.as_ref())?;
    if let Some(last) = segments.last().await? {
        let header = last_header(&last)?;
        position = RelayPosition { number: last.to, hash: header.hash(), ..position };
    }
    Ok(position)
}

/// The position after a closed period, or after the genesis.
pub(super) fn after(
    genesis: &Genesis,
    closed: Option<&RelaySegment>,
) -> Result<RelayPosition, StoreError> {
    let Some(closed) = closed else { return Ok(genesis.position.clone()) };
    let header = last_header(closed)?;
    let change = scheduled_change(header.header());
    let list = change.ok().flatten().ok_or_else(|| {
        damaged(closed, "its last header does not change the authorities".to_owned())
    })?;
    let set = Arc::new(AuthoritySet { list, id: closed.set_id + 1 });
    Ok(RelayPosition { number: closed.to, hash: header.hash(), set })
}

/// Header of a segment's last block.
pub(super) fn last_header(segment: &RelaySegment) -> Result<EncodedHeader, StoreError> {
    let item: &Bytes =
        segment.items.last().ok_or_else(|| damaged(segment, "it holds no header".to_owned()))?;
    let item = HeaderToSync::decode_all(&mut &item[..])
        .map_err(|error| damaged(segment, error.to_string()))?;
    Ok(EncodedHeader::from(item.header))
}

fn damaged(segment: &RelaySegment, reason: String) -> StoreError {
    StoreError::Damaged { object: format!("relay segment {}-{}", segment.from, segment.to), reason }
}
