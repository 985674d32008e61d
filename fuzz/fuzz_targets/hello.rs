//! What a peer says of itself when it greets us, and when it answers our greeting.
#![no_main]

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use prb_walkie::PeerId;
use prb_walkie::discovery::introduction;
use prb_walkie::discovery::table::{Family, PeerTable};

static TABLE: LazyLock<Mutex<PeerTable>> = LazyLock::new(|| {
    let family = Family {
        chain_identity: "0xabc".into(),
        bridge_identity: "default".into(),
        any_bridge: false,
    };
    Mutex::new(PeerTable::new(PeerId::random(), family))
});

fuzz_target!(|bytes: &[u8]| {
    let answer = prb_fuzz::answer_call("Hello", bytes);
    // Every introduction comes from another peer; the table does not grow for it.
    let (peer, now) = (PeerId::random(), Instant::now());
    let read = introduction::read(&prb_fuzz::caller(), bytes);
    assert_eq!(read.is_err(), answer.has_error);
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Ok(info) = read {
        table.heard(peer, info.clone(), now);
        table.greeted(peer, info, now);
        for peer in table.peers() {
            let texts = [&peer.hostname, &peer.chain_identity, &peer.bridge_identity];
            assert!(texts.iter().all(|text| text.len() <= introduction::LONGEST));
        }
    }
});
