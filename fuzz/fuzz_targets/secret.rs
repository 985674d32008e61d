//! Secrets that are said to be sealed to an identity, in our form and in version 2's.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use prb_walkie::identity::Identity;

static OWN: LazyLock<Identity> = LazyLock::new(|| {
    let file = include_bytes!("../../tests/fixtures/vectors/identity.bin");
    Identity::from_file_bytes(file).expect("a real identity")
});

fuzz_target!(|bytes: &[u8]| {
    assert!(OWN.open("pool:2", bytes).is_err(), "nobody sealed this");
    // Version 2 seals without a proof of integrity: damaged ones may open, to a key pair that
    // agrees with itself.
    let _opened = OWN.open_v2_operator(bytes);
});
