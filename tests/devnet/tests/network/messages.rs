//! Messages of off-chain senders on their way through the pool.

use parity_scale_codec::Encode;
use prb_devnet_runtime::types::{Message, MessageOrigin, SignedMessage, WorkingReportEvent, topic};
use sp_core::Pair as _;
use subxt::config::PolkadotExtrinsicParamsBuilder as Params;
use subxt::rpcs::client::rpc_params;
use subxt::{OnlineClient, PolkadotConfig};
use subxt_signer::sr25519::dev;

use crate::{config, connect, reach, request, start};

/// `PhalaMq.sync_offchain_message`, by pallet and call.
const SYNC_OFFCHAIN_MESSAGE: [u8; 2] = [85, 0];

fn heartbeat(worker: &sp_core::sr25519::Pair, sequence: u64) -> Vec<u8> {
    let event = WorkingReportEvent::Heartbeat {
        session_id: 1,
        challenge_block: 1,
        challenge_time: 1,
        iterations: 1,
    };
    let sender = MessageOrigin::Worker(worker.public());
    let message = Message::new(sender, topic::WORKING_REPORT, &event);
    (SYNC_OFFCHAIN_MESSAGE, SignedMessage::sign(message, sequence, worker)).encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_sequence_counts_messages_in_the_pool_without_a_gap() {
    let network = start(config()).await;
    network.faults().pause_blocks();
    let rpc = connect(&network.para_url()).await;
    let client =
        OnlineClient::<PolkadotConfig>::from_insecure_url(network.para_url()).await.unwrap();
    let at = client.at_current_block().await.unwrap();
    let worker = sp_core::sr25519::Pair::from_seed(&[9; 32]);
    // Each by an account of its own: the sequence alone orders them.
    let submit = async |sequence: u64, account| {
        let mut transactions = at.transactions();
        let call = transactions.from_call_data_bytes(&heartbeat(&worker, sequence)).unwrap();
        let params = Params::new().nonce(0).build();
        let signed = transactions.create_signed(&call, &account, params).await.unwrap();
        let hex = format!("0x{}", hex::encode(signed.encoded()));
        request(&rpc, "author_submitExtrinsic", rpc_params![hex]).await;
    };
    let sender = hex::encode(MessageOrigin::Worker(worker.public()).encode());
    let next = async || request(&rpc, "pha_getMqNextSequence", rpc_params![&sender]).await;

    assert_eq!(next().await, 0);
    submit(0, dev::alice()).await;
    submit(1, dev::bob()).await;
    submit(3, dev::charlie()).await;
    assert_eq!(next().await, 2, "sequence 3 waits for 2");
    submit(2, dev::dave()).await;
    assert_eq!(next().await, 4);

    network.faults().resume_blocks();
    let best = network.heights().borrow().para_best;
    reach(&network, |heights| heights.para_best >= best + 2).await;
    assert_eq!(next().await, 4);
    let pending = request(&rpc, "author_pendingExtrinsics", rpc_params![]).await;
    assert_eq!(pending, serde_json::json!([]));
    network.shutdown().await.unwrap();
}
