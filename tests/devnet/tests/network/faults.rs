//! A network that misbehaves as told.

use std::time::{Duration, Instant};

use prb_devnet::network::{Network, NetworkError};
use prb_devnet::rpc::MethodFault;
use subxt::rpcs::client::rpc_params;

use crate::{config, connect, reach, request, start};

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_late_hang_or_cost_the_connection() {
    let network = start(config()).await;
    let client = connect(&network.para_url()).await;
    let faults = network.faults().para_rpc();

    faults.set("system_chain", MethodFault::Delay(Duration::from_millis(300)));
    let asked = Instant::now();
    request(&client, "system_chain", rpc_params![]).await;
    assert!(asked.elapsed() >= Duration::from_millis(300));

    faults.set("system_chain", MethodFault::Hang);
    let hanging = client.request::<String>("system_chain", rpc_params![]);
    let mut hanging = std::pin::pin!(hanging);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut hanging).await;
    assert!(early.is_err(), "no answer while the fault is on");
    request(&client, "system_name", rpc_params![]).await;
    faults.clear("system_chain");
    assert_eq!(hanging.await.unwrap(), "prb-dev-para");

    faults.set("system_chain", MethodFault::Drop);
    assert!(client.request::<String>("system_chain", rpc_params![]).await.is_err());
    assert!(client.request::<String>("system_name", rpc_params![]).await.is_err(), "cut");
    faults.clear_all();
    let again = connect(&network.para_url()).await;
    request(&again, "system_chain", rpc_params![]).await;
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn relay_blocks_can_carry_the_same_head() {
    let network = start(config()).await;
    reach(&network, |heights| heights.para_best >= 2).await;
    network.faults().hold_para_head(true);
    let held = network.heights().borrow().relay_best;
    reach(&network, |heights| heights.relay_best >= held + 8).await;
    let heads: Vec<_> = (held + 2..held + 8)
        .map(|number| {
            let block = network.chains().relay.chain().block_at(number).unwrap();
            network.chains().para_head_at(&block).unwrap().number
        })
        .collect();
    assert!(heads.iter().all(|head| *head == heads[0]), "{heads:?}");
    network.faults().hold_para_head(false);
    reach(&network, |heights| heights.para_finalized > heads[0]).await;
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_network_goes_on_where_it_was() {
    let network = start(config()).await;
    reach(&network, |heights| heights.relay_best >= 2).await;
    network.faults().pause_blocks();
    // A block may be under way already.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let paused = network.heights().borrow().relay_best;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(network.heights().borrow().relay_best, paused);
    network.faults().resume_blocks();
    reach(&network, |heights| heights.relay_best > paused).await;
    network.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_port_is_named() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap();
    let config = prb_devnet::network::NetworkConfig { relay_listen: address, ..config() };
    let error = Network::builder(config).build().unwrap().start().await.unwrap_err();
    assert!(matches!(error, NetworkError::Bind { address: named, .. } if named == address));
    assert!(error.to_string().contains(&address.port().to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_ends_hanging_calls_and_frees_the_ports() {
    let network = start(config()).await;
    let url = network.relay_url();
    let client = connect(&url).await;
    network.faults().relay_rpc().set("system_chain", MethodFault::Hang);
    let hanging =
        tokio::spawn(async move { client.request::<String>("system_chain", rpc_params![]).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    network.shutdown().await.unwrap();
    assert!(hanging.await.unwrap().is_err());
    let address = url.strip_prefix("ws://").unwrap();
    drop(std::net::TcpListener::bind(address).expect("the port is free again"));
    network.wait().await.unwrap();
}
