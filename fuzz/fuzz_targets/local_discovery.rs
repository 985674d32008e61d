//! Packets of the older multicast DNS.
#![no_main]

use libfuzzer_sys::fuzz_target;
use prb_walkie::discovery::local::packet;

fuzz_target!(|bytes: &[u8]| {
    let _meaning = packet::read(bytes);
});
