//! What gatekeepers say. All of them say the same, under one sender that they share, and the chain
//! takes each message once: so one of them at a time brings it there.

use super::hands::Hands;

/// Claimed like a worker's key, so that managers that share leases agree on it too.
const SENDER: [u8; 32] = *b"what gatekeepers say as one     ";

/// Parachain blocks to the tip at which another gatekeeper may speak instead.
const TOLERATED_LAG: u32 = 10;

impl Hands {
    /// Whether this worker brings what gatekeepers say on chain.
    pub(super) fn speaks_for_gatekeepers(&mut self) -> bool {
        if self.speaks.is_none() {
            let uuid = self.assignment().record.uuid;
            self.speaks = self.shared.key_claims.claim(SENDER, uuid).ok();
        }
        self.speaks.as_ref().is_some_and(|claim| claim.check().is_ok())
    }

    /// Lets another one speak if this worker has fallen behind.
    pub(super) fn let_others_speak_if_behind(&mut self) {
        if self.behind() > TOLERATED_LAG {
            self.speaks = None;
        }
    }
}
