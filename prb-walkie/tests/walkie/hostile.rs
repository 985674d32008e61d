//! Bad input: refused, and nobody else notices.

use std::time::Duration;

use prb_walkie::PeerId;
use prb_walkie::access::{Caller, Mode};
use prb_walkie::discovery::local::packet;
use prb_walkie::identity::Identity;
use prb_walkie::node::LocalService;
use prb_walkie::proto::{WalkieRoles, WalkieRpcRequestWrapper, WalkieRpcResponseWrapper};
use prb_walkie::rpc::{json, methods};
use proptest::prelude::*;
use prost::Message;

use crate::fixture::{Role, config};
use crate::vectors::folder;

/// Real messages to start from: every vector, as bytes.
fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .map(|path| hex::decode(std::fs::read_to_string(path).unwrap().trim()).unwrap())
        .collect();
    corpus.sort();
    assert!(corpus.len() > 20);
    corpus
}

/// Bytes near those of a real message, or a request with damaged data in it.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let corpus = corpus();
    let names: Vec<_> = methods().map(|method| method.name().to_owned()).collect();
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let message = (prop::sample::select(corpus), edits, any::<prop::sample::Index>()).prop_map(
        |(mut bytes, edits, cut)| {
            for (at, byte) in edits {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let keep = cut.index(bytes.len() * 2).min(bytes.len());
            bytes.truncate(keep);
            bytes
        },
    );
    let request = (message.clone(), prop::sample::select(names)).prop_map(|(data, method)| {
        let (nonce, data) = ("n".to_owned(), data.into());
        WalkieRpcRequestWrapper { nonce, data, method, ..Default::default() }.encode_to_vec()
    });
    prop_oneof![message, request, prop::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    /// `PROPTEST_CASES` raises the number; the fuzz targets go on from the same corpus.
    #[test]
    fn any_request_is_answered(frames in prop::collection::vec(damaged(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut open = config(WalkieRoles::WrLifecycleManager);
        open.access.mode = Mode::Open;
        open.limits.handler = Duration::from_millis(1);
        let service = LocalService::new(PeerId::random(), &open, Role);
        let caller = Caller::Peer { id: PeerId::random(), host: None };
        for frame in frames {
            let asked = WalkieRpcRequestWrapper::decode(&frame[..]);
            let answer = runtime.block_on(service.answer(caller.clone(), frame.into()));
            let answer = WalkieRpcResponseWrapper::decode(answer).unwrap();
            prop_assert_eq!(answer.request_nonce, asked.map(|asked| asked.nonce).unwrap_or_default());
            prop_assert_eq!(answer.has_error, answer.error.is_some());
        }
    }

    #[test]
    fn any_answer_is_shown_or_refused(bytes in damaged()) {
        for method in methods() {
            if let Ok(shown) = json::proxy_answer(method, &bytes) {
                prop_assert!(shown["hasError"].is_boolean());
            }
        }
    }

    #[test]
    fn any_identity_or_packet_is_read_or_refused(bytes in damaged()) {
        prop_assert!(Identity::from_file_bytes(&bytes).is_err() || bytes.len() > 500);
        let _meaning = packet::read(&bytes);
    }
}
