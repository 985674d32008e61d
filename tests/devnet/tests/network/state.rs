//! States, proofs and changes, checked by the field's own trie code.

use std::collections::BTreeMap;

use parity_scale_codec::{Decode, Encode};
use prb_devnet::engine::Header;
use sp_core::H256;
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::read_proof_check;
use sp_trie::{LayoutV0, StorageProof, TrieConfiguration};
use subxt::rpcs::client::{RpcClient, rpc_params};

use crate::{bytes, config, connect, reach, request, start};

type Changes = (Vec<(Vec<u8>, Option<Vec<u8>>)>, Vec<(Vec<u8>, Vec<(Vec<u8>, Option<Vec<u8>>)>)>);

async fn header(client: &RpcClient, hash: &serde_json::Value) -> Header {
    serde_json::from_value(request(client, "chain_getHeader", rpc_params![hash]).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_block_can_be_replayed_from_its_changes() {
    let config =
        prb_devnet::network::NetworkConfig { history: 40, allow_get_pairs: true, ..config() };
    let network = start(config).await;
    let client = connect(&network.para_url()).await;
    let genesis = request(&client, "chain_getBlockHash", rpc_params![0]).await;
    let pairs = request(&client, "state_getPairs", rpc_params!["0x", &genesis]).await;
    let pairs = pairs.as_array().unwrap().iter();
    let mut state: BTreeMap<Vec<u8>, Vec<u8>> =
        pairs.map(|pair| (bytes(&pair[0]), bytes(&pair[1]))).collect();
    let root = |state: &BTreeMap<Vec<u8>, Vec<u8>>| LayoutV0::<BlakeTwo256>::trie_root(state);
    assert_eq!(root(&state), header(&client, &genesis).await.state_root);

    let best = network.chains().para.chain().best().number();
    assert!(best >= 20);
    for number in 1..=best {
        let hash = request(&client, "chain_getBlockHash", rpc_params![number]).await;
        let answer = request(&client, "pha_getStorageChangesAt", rpc_params![&hash]).await;
        let (main, children) = Changes::decode(&mut &bytes(&answer)[..]).unwrap();
        assert!(children.is_empty());
        for (key, value) in main {
            match value {
                Some(value) => state.insert(key, value),
                None => state.remove(&key),
            };
        }
        assert_eq!(root(&state), header(&client, &hash).await.state_root, "block {number}");
    }
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_in_three_forms_that_agree() {
    let network = start(prb_devnet::network::NetworkConfig { history: 20, ..config() }).await;
    let client = connect(&network.para_url()).await;
    let hash = |number: u32| request(&client, "chain_getBlockHash", rpc_params![number]);
    let (from, to) = (hash(3).await, hash(6).await);
    let plain = request(&client, "pha_getStorageChanges", rpc_params![&from, &to]).await;
    let rooted = request(&client, "pha_getStorageChangesWithRoot", rpc_params![&from, &to]).await;
    assert_eq!(plain.as_array().unwrap().len(), 4);
    for (index, number) in (3..=6).enumerate() {
        assert_eq!(rooted[index]["changes"], plain[index]);
        let header = header(&client, &hash(number).await).await;
        let root: Vec<u8> = serde_json::from_value(rooted[index]["stateRoot"].clone()).unwrap();
        assert_eq!(root, header.state_root.as_bytes());
        let encoded = request(&client, "pha_getStorageChangesAt", rpc_params![header.hash()]).await;
        let (main, _) = Changes::decode(&mut &bytes(&encoded)[..]).unwrap();
        let listed = plain[index]["mainStorageChanges"].as_array().unwrap();
        assert_eq!(listed.len(), main.len());
        for (json, (key, value)) in listed.iter().zip(main) {
            assert_eq!(bytes(&json[0]), key);
            // A deletion and an empty value are different things.
            assert_eq!(json[1].is_null(), value.is_none());
        }
    }
    let reversed = client
        .request::<serde_json::Value>("pha_getStorageChanges", rpc_params![&to, &from])
        .await
        .unwrap_err();
    assert!(reversed.to_string().contains("10000"), "{reversed}");
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_state_proves_the_parachains_head() {
    let network = start(config()).await;
    reach(&network, |heights| heights.para_finalized >= 2).await;
    let relay = connect(&network.relay_url()).await;
    let para = connect(&network.para_url()).await;
    let at = request(&relay, "chain_getFinalizedHead", rpc_params![]).await;
    let key = network.chains().para_head_key();
    let keys = [format!("0x{}", hex::encode(&key))];
    let answer = request(&relay, "state_getReadProof", rpc_params![keys, &at]).await;
    assert_eq!(answer["at"], at);
    let nodes = answer["proof"].as_array().unwrap().iter().map(bytes);
    let root = header(&relay, &at).await.state_root;
    let read = read_proof_check::<BlakeTwo256, _>(root, StorageProof::new(nodes), [&key]).unwrap();
    let head = Vec::<u8>::decode(&mut &read[&key].clone().unwrap()[..]).unwrap();
    let head = Header::decode(&mut &head[..]).unwrap();
    let hash = request(&para, "chain_getBlockHash", rpc_params![head.number]).await;
    assert_eq!(H256::from_slice(&bytes(&hash)), head.hash());
    assert_eq!(header(&para, &hash).await.encode(), head.encode());
    network.shutdown().await.unwrap();
}
