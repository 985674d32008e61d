//! What a peer sends on a `/pb` stream: always answered.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    prb_fuzz::answer(bytes);
});
