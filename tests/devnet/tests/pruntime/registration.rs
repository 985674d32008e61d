//! What a worker registers with, in both generations.

use parity_scale_codec::{Decode, Encode};
use prb_devnet::pruntime::{AttestationMethod, DoubleConfig, Mode, proto};
use prb_devnet_runtime::attestation;
use prb_devnet_runtime::types::{
    AccountId, AttestationProvider, AttestationReport, WorkerRegistrationInfo,
    WorkerRegistrationInfoV2,
};
use sp_io::hashing::blake2_256;

use super::client::Peer;
use super::follow::{Follower, accept, now_ms};
use super::small_chain::SmallChain;

async fn runtime_info(
    peer: &Peer,
    request: &proto::GetRuntimeInfoRequest,
) -> proto::InitRuntimeResponse {
    accept(peer, "GetRuntimeInfo", request).await.ok()
}

/// Checks that the report vouches for the statement it came with.
fn verify(answer: &proto::InitRuntimeResponse, report: &AttestationReport) -> AttestationProvider {
    let hash = blake2_256(&answer.encoded_runtime_info);
    let now = now_ms() / 1000;
    attestation::verify(report, &hash, now, None).expect("a good report").provider
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attestation_comes_with_the_first_dispatched_block() {
    let means = [
        (AttestationMethod::None, None, "null"),
        (AttestationMethod::Epid, Some(AttestationProvider::Ias), "\"ias\""),
        (AttestationMethod::Dcap, Some(AttestationProvider::Dcap), "\"dcap\""),
    ];
    for (attestation, provider, name) in means {
        let config = DoubleConfig { attestation, ..DoubleConfig::default() };
        let mut follower = Follower::start_with(config, |init| {
            init.attestation_provider = provider.map(|provider| provider.encode());
        })
        .await;
        let request = proto::GetRuntimeInfoRequest::default();
        let early = runtime_info(&follower.peer, &request).await;
        assert_eq!(early.attestation, None, "before the genesis state is proven");
        follower.step(Vec::new()).await;
        let answer = runtime_info(&follower.peer, &request).await;
        let given = answer.attestation.clone().expect("an attestation");
        assert_eq!(given.provider, name);
        let report = Option::<AttestationReport>::decode(&mut &given.encoded_report[..]);
        match report.expect("SCALE") {
            None => assert_eq!(provider, None),
            Some(report) => assert_eq!(Some(verify(&answer, &report)), provider),
        }
        assert_eq!(runtime_info(&follower.peer, &request).await, answer, "kept for an hour");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_an_operator_changes_the_statement_and_its_attestation() {
    let config = DoubleConfig { attestation: AttestationMethod::Epid, ..DoubleConfig::default() };
    let mut follower = Follower::start_with(config, |init| {
        init.attestation_provider = Some(AttestationProvider::Ias.encode());
    })
    .await;
    follower.step(Vec::new()).await;
    let operator = AccountId::new([7; 32]);
    let request = proto::GetRuntimeInfoRequest {
        force_refresh_ra: false,
        encoded_operator: Some(operator.encode()),
    };
    let answer = runtime_info(&follower.peer, &request).await;
    let statement = WorkerRegistrationInfoV2::decode(&mut &answer.encoded_runtime_info[..]);
    let statement = statement.expect("SCALE");
    assert_eq!(statement.operator, Some(operator));
    assert_eq!(statement.version, 0x0002_0201);
    assert_eq!(statement.para_id, 2004);
    assert_eq!(statement.pubkey.0.to_vec(), answer.encoded_public_key);
    let report = answer.attestation.as_ref().expect("an attestation").encoded_report.clone();
    let report = Option::<AttestationReport>::decode(&mut &report[..]).expect("SCALE");
    verify(&answer, &report.expect("a report"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_the_machine_lacks_or_a_debug_key_with_one_is_refused() {
    let chain = SmallChain::begin(now_ms());
    let peer = Peer::fresh().await;
    let with_provider = proto::InitRuntimeRequest {
        attestation_provider: Some(AttestationProvider::Ias.encode()),
        ..chain.init()
    };
    let refused = peer.call("InitRuntime", &with_provider).await;
    assert!(refused.error().starts_with("Unsupported attestation provider: "), "{refused:?}");
    let debug = proto::InitRuntimeRequest { debug_set_key: Some(vec![1; 32]), ..with_provider };
    let refused = peer.call("InitRuntime", &debug).await;
    assert_eq!(refused.error(), "RA is disallowed when debug_set_key is enabled");
    let plain = proto::InitRuntimeRequest { attestation_provider: None, ..debug };
    accept(&peer, "InitRuntime", &plain).await;
    assert!(peer.info().await.dev_mode);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_generation_attests_at_init_and_wants_para_headers_from_one() {
    let config = DoubleConfig {
        mode: Mode::V0_2,
        attestation: AttestationMethod::Epid,
        ..DoubleConfig::default()
    };
    let mut follower = Follower::start(config).await;
    let info = follower.peer.info().await;
    assert_eq!((info.headernum, info.para_headernum, info.blocknum), (102, 1, 1));
    assert_eq!(info.system, None);
    assert!(info.supported_attestation_methods.is_empty());
    assert!(info.public_key.is_some());
    let answer = runtime_info(&follower.peer, &proto::GetRuntimeInfoRequest::default()).await;
    let statement = WorkerRegistrationInfo::decode(&mut &answer.encoded_runtime_info[..]);
    assert_eq!(statement.expect("SCALE").version, 0x0000_0207);
    let payload = answer.attestation.as_ref().and_then(|a| a.payload.clone()).expect("a payload");
    let report = AttestationReport::SgxIas {
        ra_report: payload.report.into_bytes(),
        signature: payload.signature,
        raw_signing_cert: payload.signing_cert,
    };
    assert_eq!(verify(&answer, &report), AttestationProvider::Ias);
    follower.step(Vec::new()).await;
    assert_eq!(follower.peer.info().await.blocknum, 2);
    let unknown = follower.peer.call("TakeCheckpoint", &proto::Empty {}).await;
    assert!(format!("{unknown:?}").contains("404"), "{unknown:?}");
}
