use std::net::{IpAddr, Ipv4Addr};

use super::*;

fn peer(id: PeerId) -> Caller {
    Caller::Peer { id, host: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) }
}

fn gate(config: Config) -> Gate {
    Gate::new(PeerId::random(), config)
}

fn proof(gate: &Gate, key: &PreSharedKey, id: PeerId) -> AuthRequest {
    AuthRequest { r#type: AuthType::AtPsk.into(), auth_string: key.proof(&id, &gate.own) }
}

#[test]
fn every_method_has_the_class_it_should() {
    let classes: Vec<_> =
        crate::rpc::methods().map(|method| (method.name(), Class::of(method.name()))).collect();
    let of = |class| -> Vec<_> {
        classes.iter().filter(|(_, of)| *of == class).map(|(name, _)| *name).collect()
    };
    assert_eq!(of(Class::Everybody), ["Auth", "GetBlobByKey", "GetDataProviderInfo", "Hello"]);
    assert_eq!(
        of(Class::Read),
        [
            "ExplainWorker",
            "GetTraderStatus",
            "GetWorkerStatus",
            "ListPool",
            "ListWorker",
            "ListWorkerMessage",
            "WatchWorkerStatus"
        ]
    );
    assert_eq!(
        of(Class::Write),
        [
            "CheckpointWorker",
            "CreatePool",
            "CreateWorker",
            "DrainWorker",
            "GetBlobWithToken",
            "KickWorker",
            "RefreshRaAndRestartWorker",
            "ReportBadBlock",
            "RestartWorker",
            "RetireWorker",
            "StartWorker",
            "StopWorker",
            "UpdatePool",
            "UpdateWorker",
            "WantBlob",
        ]
    );
    assert_eq!(Class::of("SomethingNew"), Class::Write);
}

#[test]
fn modes_open_step_by_step_and_a_grant_opens_all() {
    use Class::{Everybody, Read, Write};
    let open = |mode| [Everybody, Read, Write].map(|class| allows(mode, class, false));
    assert_eq!(open("closed".parse().unwrap()), [true, false, false]);
    assert_eq!(open("read".parse().unwrap()), [true, true, false]);
    assert_eq!(open("open".parse().unwrap()), [true, true, true]);
    assert!(allows(Mode::Closed, Write, true));
    assert!("Open".parse::<Mode>().is_err());
}

#[test]
fn nobody_is_granted_by_default() {
    let (gate, caller) = (gate(Config::default()), peer(PeerId::random()));
    assert!(gate.check(&caller, "Hello").is_ok());
    assert_eq!(gate.check(&caller, "ListPool").unwrap_err().code(), tonic::Code::PermissionDenied);
    assert!(gate.check(&Caller::Grpc { token: false }, "ListPool").is_err());
    assert!(gate.check(&Caller::Grpc { token: true }, "CreatePool").is_ok());
    assert_eq!(gate.status(&caller), AuthStatus::AsNeedAuth);
    let key = PreSharedKey::new(&[0; 32]).unwrap();
    let Caller::Peer { id, .. } = caller else { unreachable!() };
    let request = proof(&gate, &key, id);
    assert_eq!(gate.authenticate(&caller, &request, Instant::now()), AuthStatus::AsRejected);
}

#[test]
fn the_white_list_and_the_shared_key_grant_a_peer() {
    let (listed, knowing, other) = (PeerId::random(), PeerId::random(), PeerId::random());
    let key = PreSharedKey::new(&[1; 32]).unwrap();
    let gate =
        gate(Config { white_list: vec![listed], psk: Some(key.clone()), mode: Mode::Closed });
    assert!(gate.check(&peer(listed), "KickWorker").is_ok());
    let now = Instant::now();
    let request = proof(&gate, &key, knowing);
    assert_eq!(gate.authenticate(&peer(other), &request, now), AuthStatus::AsRejected);
    assert_eq!(gate.authenticate(&peer(knowing), &request, now), AuthStatus::AsGranted);
    assert_eq!(gate.status(&peer(knowing)), AuthStatus::AsGranted);
    assert!(gate.check(&peer(knowing), "KickWorker").is_ok());
    assert!(gate.check(&peer(other), "KickWorker").is_err());
    let over_grpc = Caller::Grpc { token: false };
    assert_eq!(gate.authenticate(&over_grpc, &request, now), AuthStatus::AsRejected);
}

#[test]
fn a_host_that_guesses_is_blocked_even_under_new_ids() {
    let key = PreSharedKey::new(&[1; 32]).unwrap();
    let gate = gate(Config { psk: Some(key.clone()), ..Config::default() });
    let now = Instant::now();
    let wrong = AuthRequest { r#type: AuthType::AtPsk.into(), auth_string: "00".repeat(32) };
    for _ in 0..5 {
        let status = gate.authenticate(&peer(PeerId::random()), &wrong, now);
        assert_eq!(status, AuthStatus::AsRejected);
    }
    let id = PeerId::random();
    let right = proof(&gate, &key, id);
    assert_eq!(gate.authenticate(&peer(id), &right, now), AuthStatus::AsBlocked);
    let elsewhere = Caller::Peer { id, host: Some(Ipv4Addr::new(192, 0, 2, 7).into()) };
    assert_eq!(gate.authenticate(&elsewhere, &right, now), AuthStatus::AsGranted);
}
