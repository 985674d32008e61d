//! Headers from nodes that take several requests in one message, and from those that do not.

use std::collections::HashMap;
use std::sync::Arc;

use jsonrpsee::server::{BatchRequestConfig, ServerConfig};
use serde::de::IgnoredAny;

use super::*;
use crate::scale::header::{EncodedHeader, Header};

const BLOCKS: u32 = 70;

fn headers() -> Vec<EncodedHeader> {
    let header = |number| Header {
        parent_hash: H256::zero(),
        number,
        state_root: H256::zero(),
        extrinsics_root: H256::zero(),
        digest: Vec::new(),
    };
    (0..BLOCKS).map(|number| EncodedHeader::from(header(number))).collect()
}

async fn node(batches: BatchRequestConfig) -> (ServerHandle, ChainClient) {
    let numbers: HashMap<String, u32> =
        headers().iter().map(|header| (format!("{:?}", header.hash()), header.number())).collect();
    let mut module = RpcModule::new(Arc::new(numbers));
    module.register_method("chain_getBlockHash", |_, _, _| format!("{GENESIS:?}")).unwrap();
    module
        .register_method("chain_getHeader", |params, numbers, _| {
            let hash: String = params.one().unwrap();
            let root = format!("{:?}", H256::zero());
            numbers.get(&hash).map(|number| {
                json!({
                    "parentHash": root, "number": format!("{number:#x}"), "stateRoot": root,
                    "extrinsicsRoot": root, "digest": { "logs": [] },
                })
            })
        })
        .unwrap();
    module
        .register_async_method("system_health", |_, _, _| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
        })
        .unwrap();
    let config = ServerConfig::builder().set_batch_request_config(batches).build();
    let server = Server::builder().set_config(config).build("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    (server.start(module), client(&[address]))
}

/// The headers, had while another request is in flight, which must not suffer.
async fn fetch(client: &ChainClient) -> Vec<EncodedHeader> {
    let hashes: Vec<H256> = headers().iter().map(EncodedHeader::hash).collect();
    let other = client.request::<()>("system_health", json!([]));
    let (headers, other) = tokio::join!(client.headers(&hashes), other);
    other.unwrap();
    headers.unwrap()
}

async fn takes_batches(client: &ChainClient) -> bool {
    let node = client.node(0).unwrap();
    let params = Params::of(&json!([0]));
    let deadline = Duration::from_secs(3);
    let (method, twice) = ("chain_getBlockHash", vec![params.clone(), params]);
    node.connection
        .request_batch::<IgnoredAny>(method, twice, deadline, &client.inner.genesis)
        .await
        .is_some()
}

#[tokio::test]
async fn headers_come_by_one_message_or_one_by_one() {
    let refusals = [BatchRequestConfig::Disabled, BatchRequestConfig::Limit(1)];
    for config in refusals.into_iter().chain([BatchRequestConfig::Unlimited]) {
        let taken = matches!(config, BatchRequestConfig::Unlimited);
        let (_handle, client) = node(config).await;
        assert_eq!(fetch(&client).await, headers());
        assert_eq!(takes_batches(&client).await, taken);
    }
}

#[tokio::test]
async fn messages_that_become_too_large_are_done_without_from_then_on() {
    // The probe is taken, 32 headers are not.
    let (_handle, client) = node(BatchRequestConfig::Limit(2)).await;
    let hashes: Vec<H256> = headers().iter().map(EncodedHeader::hash).collect();
    assert_eq!(client.headers(&hashes).await.unwrap(), headers());
    assert!(!takes_batches(&client).await);
}

#[tokio::test]
async fn an_unknown_block_among_others_is_named() {
    let (_handle, client) = node(BatchRequestConfig::Unlimited).await;
    let mut hashes: Vec<H256> = headers().iter().map(EncodedHeader::hash).collect();
    hashes[40] = H256([9; 32]);
    let error = client.headers(&hashes).await.unwrap_err();
    assert!(matches!(error, ChainError::UnknownBlock { .. }), "{error}");
    assert!(error.to_string().contains("0x0909"), "{error}");
}
