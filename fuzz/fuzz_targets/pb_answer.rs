//! What a peer answers: shown as JSON or refused, whatever was called.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prb_walkie::rpc::{json, methods};

fuzz_target!(|bytes: &[u8]| {
    for method in methods() {
        let _shown = json::proxy_answer(method, bytes);
        let _shown = json::decode_answer(method, bytes);
    }
});
