//! Who may call what, between nodes.

use std::time::Duration;

use prb_walkie::access::psk::PreSharedKey;
use prb_walkie::node::{Config, Walkie};
use prb_walkie::proto::{AuthRequest, AuthStatus, AuthType, Empty, WalkieRoles};
use tonic::Code;

use crate::fixture::{config, eventually, identity, start};

fn manager(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = config(WalkieRoles::WrLifecycleManager);
    change(&mut config);
    config
}

fn key(byte: u8) -> PreSharedKey {
    PreSharedKey::new(&[byte; 32]).unwrap()
}

/// What a node with this key may do with a manager that wants key 1.
async fn code(own: Option<PreSharedKey>) -> Code {
    let manager = start(manager(|config| config.access.psk = Some(key(1)))).await;
    let mut other = config(WalkieRoles::WrTrader);
    other.access.psk = own;
    let other = start(other).await;
    let peer = other.dial(manager.listeners()[0].clone()).await.unwrap();
    let live = |other: &Walkie| other.live(WalkieRoles::WrLifecycleManager).pop();
    eventually(&other, Duration::from_secs(10), live).await;
    match other.client(peer).list_pool(Empty {}).await {
        Ok(_) => Code::Ok,
        Err(refused) => refused.code(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shared_key_is_proved_on_meeting() {
    assert_eq!(code(Some(key(1))).await, Code::Ok);
    assert_eq!(code(Some(key(2))).await, Code::PermissionDenied);
    assert_eq!(code(None).await, Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_on_the_white_list_need_prove_nothing() {
    let listed = identity();
    let id = listed.peer_id().to_string().parse().unwrap();
    let manager = start(manager(|config| config.access.white_list = vec![id])).await;
    let listed = Walkie::builder(config(WalkieRoles::WrClient)).start(&listed).await.unwrap();
    let other = start(config(WalkieRoles::WrClient)).await;
    let peer = listed.dial(manager.listeners()[0].clone()).await.unwrap();
    other.dial(manager.listeners()[0].clone()).await.unwrap();
    assert!(listed.client(peer).list_pool(Empty {}).await.is_ok());
    let refused = other.client(peer).list_pool(Empty {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("shared key"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_cut_off() {
    let manager = start(manager(|config| config.access.psk = Some(key(1)))).await;
    let guesser = start(config(WalkieRoles::WrClient)).await;
    let peer = guesser.dial(manager.listeners()[0].clone()).await.unwrap();
    let mut answers = Vec::new();
    for guess in 0..8 {
        let request =
            AuthRequest { r#type: AuthType::AtPsk.into(), auth_string: format!("{guess:064x}") };
        answers.push(guesser.client(peer).auth(request).await.unwrap().into_inner().status());
    }
    assert_eq!(answers[..5], [AuthStatus::AsRejected; 5]);
    assert_eq!(answers[5..], [AuthStatus::AsBlocked; 3]);
}
