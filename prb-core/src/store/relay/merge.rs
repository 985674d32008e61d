//! When segments are merged, and how. Pure.

use parity_scale_codec::{DecodeAll, Encode};
use prb_walkie::proto::data_provider::RelaySegment;

use crate::scale::bridge::HeaderToSync;

/// Segments of similar length are merged when there are this many of them.
pub(super) const FAN_IN: usize = 16;

/// Why segments cannot be merged.
#[derive(Debug, thiserror::Error)]
pub(super) enum MergeError {
    #[error("there is nothing to merge")]
    Empty,
    #[error("blocks {0} and {1} are not neighbours")]
    Apart(u32, u32),
    #[error("header {0} does not decode: {1}")]
    Header(u32, parity_scale_codec::Error),
}

/// How many of the last segments to merge, given all lengths in blocks: those of about one length
/// (a power of [`FAN_IN`]) or shorter, once there are [`FAN_IN`] of them. So each block is merged
/// few times, and few segments remain.
pub(super) fn due(lengths: &[u32]) -> Option<usize> {
    let tier = |length: &u32| length.max(&1).ilog(FAN_IN as u32);
    let last = lengths.last().map(tier)?;
    let count = lengths.iter().rev().take_while(|length| tier(length) <= last).count();
    (count >= FAN_IN).then_some(count)
}

/// One segment of neighbouring ones of the same period: all headers, the last justification, the
/// last proof.
pub(super) fn merge(segments: Vec<RelaySegment>) -> Result<RelaySegment, MergeError> {
    let mut segments = segments.into_iter();
    let mut whole = segments.next().ok_or(MergeError::Empty)?;
    for segment in segments {
        if whole.to.checked_add(1) != Some(segment.from) {
            return Err(MergeError::Apart(whole.to, segment.from));
        }
        if let Some(inner) = whole.items.last_mut() {
            let mut item = HeaderToSync::decode_all(&mut &inner[..])
                .map_err(|error| MergeError::Header(whole.to, error))?;
            item.justification = None;
            *inner = item.encode().into();
        }
        let mut items = whole.items;
        items.extend(segment.items);
        whole = RelaySegment { from: whole.from, items, ..segment };
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn few_segments_remain_and_each_block_is_merged_few_times(
            lengths in prop::collection::vec(1_u32..5, 1..1500),
        ) {
            let mut tail: Vec<u32> = Vec::new();
            let mut moved = 0;
            for length in &lengths {
                tail.push(*length);
                while let Some(count) = due(&tail) {
                    prop_assert!(count >= FAN_IN);
                    let merged: u32 = tail.drain(tail.len() - count..).sum();
                    moved += merged;
                    tail.push(merged);
                }
                prop_assert!(tail.len() <= 4 * FAN_IN, "{} segments", tail.len());
            }
            let blocks: u32 = lengths.iter().sum();
            prop_assert_eq!(tail.iter().sum::<u32>(), blocks);
            prop_assert!(moved <= 4 * blocks, "{} blocks merged for {}", moved, blocks);
        }
    }
}
