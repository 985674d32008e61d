//! Accepting runs of relay headers.

use super::{Chain, Link, SyncError, linked};
use crate::pruntime::scale::{Header, HeaderToSync};

impl Chain {
    /// Accepts a run of relay headers ending in a justified one and returns the last accepted
    /// number. Headers below the wanted number are dropped wherever they stand, so repeating a
    /// run is no error. Numbers are compared on the first header only, hashes on all.
    pub(crate) fn sync_relay_headers(
        &mut self,
        mut headers: Vec<HeaderToSync>,
    ) -> Result<u32, SyncError> {
        headers.retain(|item| item.header.number >= self.next_header);
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            return Ok(self.next_header.wrapping_sub(1));
        };
        if first.header.number != self.next_header {
            return Err(SyncError::BlockNumberMismatch);
        }
        let justification = last.justification.as_ref().ok_or(SyncError::MissingJustification)?;
        let run: Vec<&Header> = headers.iter().map(|item| &item.header).collect();
        if !linked(run.iter().copied()) {
            return Err(SyncError::HeaderHashMismatch);
        }
        self.light_client.finalize(&run, justification)?;
        match &mut self.link {
            Link::Para { waiting_root, .. } => *waiting_root = Some(last.header.state_root),
            Link::Solo => {
                // The root before the next block proves a loaded state; older ones are of no use.
                let useful = self.next_block.saturating_sub(1);
                let roots = run.iter().filter(|header| header.number >= useful);
                self.state_roots.extend(roots.map(|header| header.state_root));
            }
        }
        self.next_header = last.header.number.wrapping_add(1);
        Ok(last.header.number)
    }
}
