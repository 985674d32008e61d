use std::net::SocketAddr;

use futures::StreamExt;
use jsonrpsee::RpcModule;
use jsonrpsee::server::{Server, ServerHandle};
use jsonrpsee::types::ErrorObject;
use serde_json::json;

use super::*;
use crate::chain::Refusal;
use crate::error::{Classify, ErrorClass};

mod batch;

const GENESIS: H256 = H256([1; 32]);

async fn node(genesis: H256, address: Option<SocketAddr>) -> (ServerHandle, SocketAddr) {
    let mut module = RpcModule::new(genesis);
    module
        .register_method("chain_getBlockHash", |params, genesis, _| {
            let number: u32 = params.one().unwrap_or_default();
            (number == 0).then(|| format!("{genesis:?}"))
        })
        .unwrap();
    module
        .register_async_method("system_health", |_, _, _| async {
            tokio::time::sleep(Duration::from_secs(30)).await;
        })
        .unwrap();
    module
        .register_method::<Result<String, _>, _>("state_getStorage", |_, _, _| {
            let said = "UnknownBlock: State already discarded for 0x01";
            Err(ErrorObject::owned(4003, "Client error", Some(said)))
        })
        .unwrap();
    module
        .register_subscription(
            "grandpa_subscribeJustifications",
            "grandpa_justifications",
            "grandpa_unsubscribeJustifications",
            |_, pending, _, _| async move {
                let sink = pending.accept().await?;
                for text in ["0x01", "0x0203"] {
                    sink.send(serde_json::value::to_raw_value(text)?).await?;
                }
                sink.closed().await;
                Ok(())
            },
        )
        .unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::builder().build(address.unwrap_or(free)).await.unwrap();
    let address = server.local_addr().unwrap();
    (server.start(module), address)
}

fn client(addresses: &[SocketAddr]) -> ChainClient {
    let endpoints = addresses.iter().map(|address| Endpoint::new(&format!("ws://{address}")));
    let mut config = ChainClientConfig::new(endpoints);
    config.request_timeout = Duration::from_secs(3);
    ChainClient::new(config)
}

#[tokio::test]
async fn connects_again_after_the_node_came_back() {
    let (handle, address) = node(GENESIS, None).await;
    let client = client(&[address]);
    assert_eq!(client.genesis_hash().await.unwrap(), GENESIS);
    assert_eq!(client.block_hash(7).await.unwrap(), None);
    handle.stop().unwrap();
    handle.stopped().await;
    let error = client.block_hash(0).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Transient, "{error}");
    assert!(error.to_string().contains(&address.to_string()), "{error}");

    let (_handle, _) = node(GENESIS, Some(address)).await;
    for _ in 0..20 {
        if client.block_hash(0).await.is_ok() {
            return;
        }
    }
    panic!("did not connect again");
}

#[tokio::test]
async fn refuses_a_node_of_another_chain_and_uses_the_next() {
    let (_first, ours) = node(GENESIS, None).await;
    let (_second, other) = node(H256([2; 32]), None).await;
    let mut config =
        ChainClientConfig::new([other, ours].map(|at| Endpoint::new(&format!("ws://{at}"))));
    config.genesis_hash = Some(GENESIS);
    let client = ChainClient::new(config);
    assert_eq!(client.block_hash(0).await.unwrap(), Some(GENESIS));
    let [first, second] = client.endpoints_health().try_into().unwrap();
    assert!(first.other_chain && first.problem.unwrap().contains("another chain"));
    assert_eq!((second.reachable, second.calls), (Some(true), 1));

    // Where there is no other, it says so.
    let mut config = ChainClientConfig::new([Endpoint::new(&format!("ws://{other}"))]);
    config.genesis_hash = Some(GENESIS);
    let error = ChainClient::new(config).block_hash(0).await.unwrap_err();
    assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
}

#[tokio::test]
async fn what_one_node_cannot_do_another_is_asked() {
    let (_first, pruned) = node(GENESIS, None).await;
    let (_second, archive) = archive().await;
    let client = client(&[pruned, archive]);
    assert_eq!(client.storage(b"key", GENESIS).await.unwrap(), Some(vec![7]));
    assert_eq!(client.storage(b"key", GENESIS).await.unwrap(), Some(vec![7]));
    let [first, second] = client.endpoints_health().try_into().unwrap();
    assert_eq!((first.archive, first.calls, second.calls), (Some(false), 1, 2));

    // A pinned client asks one node alone, the one that fits.
    let pinned = client.pinned(Need::Anything);
    assert_eq!(pinned.endpoint().unwrap().to_string(), format!("ws://{pruned}"));
    let error = pinned.storage(b"key", GENESIS).await.unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::StateUnavailable));
    assert!(!pinned.is_preferred(Need::State) && pinned.is_preferred(Need::Anything));
    let pinned = client.pinned(Need::State);
    assert_eq!(pinned.storage(b"key", GENESIS).await.unwrap(), Some(vec![7]));
    pinned.distrust();
    assert_eq!(client.endpoints_health()[1].refused, 1);
}

#[tokio::test]
async fn a_look_at_the_nodes_shows_how_they_are() {
    let (handle, address) = archive().await;
    // A port that the system gives to nobody.
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let client = client(&[nowhere, address]);
    client.check_endpoints().await;
    let [dead, well] = client.endpoints_health().try_into().unwrap();
    assert_eq!((dead.reachable, dead.resting), (Some(false), true));
    assert!(dead.problem.unwrap().contains("cannot connect"), "{:?}", dead.endpoint);
    let expected = (Some(true), Some(true), Some(5), Some(true));
    assert_eq!((well.reachable, well.synced, well.finalized, well.archive), expected);
    assert!(well.latency.is_some() && well.bytes > 0);
    handle.stop().unwrap();
    handle.stopped().await;
    client.check_endpoints().await;
    assert_eq!(client.endpoints_health()[1].reachable, Some(false));
}

/// A node that keeps all states and is at block 5.
async fn archive() -> (ServerHandle, SocketAddr) {
    let hash = format!("{GENESIS:?}");
    let mut module = RpcModule::new(());
    for method in ["chain_getBlockHash", "chain_getFinalizedHead"] {
        let hash = hash.clone();
        module.register_method(method, move |_, (), _| hash.clone()).unwrap();
    }
    module.register_method("state_getStorage", |_, (), _| "0x07").unwrap();
    module
        .register_method("chain_getHeader", |_, (), _| {
            let root = format!("{:?}", H256::zero());
            json!({
                "parentHash": root, "number": "0x5", "stateRoot": root, "extrinsicsRoot": root,
                "digest": { "logs": [] },
            })
        })
        .unwrap();
    module
        .register_method(
            "system_health",
            |_, (), _| json!({ "peers": 3, "isSyncing": false, "shouldHavePeers": true }),
        )
        .unwrap();
    let server = Server::builder().build("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    (server.start(module), address)
}

#[tokio::test]
async fn a_hanging_node_is_not_waited_for_beyond_the_deadline() {
    let (_handle, address) = node(GENESIS, None).await;
    let client = client(&[address]);
    let (params, deadline) = (json!([]), Duration::from_millis(200));
    let asked = client.put::<()>(Need::Anything, "system_health", &params, deadline).await;
    let error = asked.map(|_| ()).unwrap_err();
    assert!(matches!(error, ChainError::Deadline { .. }), "{error}");
    assert_eq!(client.block_hash(0).await.unwrap(), Some(GENESIS));
}

#[tokio::test]
async fn a_refusal_keeps_the_nodes_words_and_says_what_they_mean() {
    let (_handle, address) = node(GENESIS, None).await;
    let client = client(&[address]);
    let error = client.storage(b"key", GENESIS).await.unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::StateUnavailable));
    assert!(error.to_string().contains("State already discarded"), "{error}");
    let error = client.prove_finality(1).await.unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::Unsupported));
    assert_eq!(error.class(), ErrorClass::Permanent);
}

#[tokio::test]
async fn a_subscription_ends_with_the_reason() {
    let (handle, address) = node(GENESIS, None).await;
    let client = client(&[address]);
    let mut items = client.subscribe_justifications().await.unwrap();
    assert_eq!(items.next().await.unwrap().unwrap(), &[1][..]);
    assert_eq!(items.next().await.unwrap().unwrap(), &[2, 3][..]);
    handle.stop().unwrap();
    let error = items.next().await.unwrap().unwrap_err();
    assert!(matches!(error, ChainError::Disconnected { .. }), "{error}");
    assert!(items.next().await.is_none());
}

#[test]
fn a_json_header_gets_the_hash_of_its_scale_bytes() {
    let json = json!({
        "parentHash": format!("{:?}", H256([3; 32])),
        "number": "0x10",
        "stateRoot": format!("{:?}", H256([4; 32])),
        "extrinsicsRoot": format!("{:?}", H256([5; 32])),
        "digest": { "logs": ["0x0642414245080102", "0x08"] },
    });
    let header: json::JsonHeader = serde_json::from_value(json).unwrap();
    let header = header.encode().unwrap();
    assert_eq!(header.number(), 16);
    let bytes = [&[3; 32][..], &[16 << 2], &[4; 32], &[5; 32], &[8], b"\x06BABE\x08\x01\x02\x08"];
    assert_eq!(header.bytes(), &bytes.concat());
    assert_eq!(header.hash().0, sp_crypto_hashing::blake2_256(&bytes.concat()));
}
