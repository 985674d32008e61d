//! Identity files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prb_walkie::identity::Identity;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(identity) = Identity::from_file_bytes(bytes) {
        assert!(identity.peer_id().to_string().starts_with("Qm"));
    }
});
