//! Identity files. What is one can be kept and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prb_walkie::identity::Identity;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(identity) = Identity::from_file_bytes(bytes) {
        assert!(identity.peer_id().to_string().starts_with("Qm"));
        let kept = identity.to_file_bytes().expect("what was read can be written");
        let again = Identity::from_file_bytes(&kept).expect("and read again");
        assert_eq!(again.peer_id().to_string(), identity.peer_id().to_string());
    }
});
