use subxt::utils::AccountId32;

use super::*;
use crate::error::ErrorClass;
use crate::queue::{Failure, Outcome};

#[tokio::test(start_paused = true)]
async fn accounts_are_shown_with_what_they_have_and_what_waits() {
    let now = Instant::now();
    let account = AccountStatus {
        oldest: Some(now),
        balance: Some(2_500_000_000_000),
        low_balance: true,
        pending: 3,
        in_flight: 1,
        ..AccountStatus::new(AccountId32([7; 32]))
    };
    let name = ss58(&account.account, Network::Phala);
    let idle = AccountStatus::new(AccountId32([8; 32]));
    let idle_name = ss58(&idle.account, Network::Phala);
    let accounts = [account, idle].map(|status| (status.account.0, status)).into();
    let mut samples = Samples::default();
    TraderStatus { accounts }.measure(now + Duration::from_secs(90), &mut samples);
    let get = |metric| samples.get(metric, [name.as_str()]);
    assert_eq!(get(&OPERATOR_BALANCE), Some(2.5));
    assert_eq!((get(&OPERATOR_BALANCE_LOW), get(&TX_SETTLING)), (Some(1.0), Some(0.0)));
    assert_eq!((get(&TX_PENDING), get(&TX_IN_FLIGHT)), (Some(3.0), Some(1.0)));
    assert_eq!(get(&TX_OLDEST), Some(90.0));
    assert_eq!(samples.get(&TX_OLDEST, [&idle_name]), Some(0.0));
    // What is not known yet is not shown as nothing.
    assert_eq!(samples.get(&OPERATOR_BALANCE, [&idle_name]), None);
}

#[test]
fn what_became_of_jobs_and_extrinsics_is_counted() {
    let totals = Totals::default();
    let outcome = Outcome {
        extrinsic_hash: String::new(),
        block_hash: String::new(),
        block_number: 1,
        calls: Vec::new(),
    };
    let failed =
        |class, retry_after| Ending::Failed { failure: Failure::new("no", class), retry_after };
    let second = Duration::from_secs(1);
    totals.ended(&Ending::Succeeded(outcome), second * 30);
    totals.ended(&failed(ErrorClass::Transient, Some(second)), second * 2);
    totals.ended(&failed(ErrorClass::Operator, None), second);
    totals.submitted(&Ok(()));
    totals.doubted();
    let mut samples = Samples::default();
    totals.measure(&mut samples);
    let jobs = |result, class| samples.get(&TX_JOBS, [result, class]);
    assert_eq!(jobs("succeeded", "none"), Some(1.0));
    assert_eq!(jobs("repeated", "transient"), Some(1.0));
    assert_eq!(jobs("failed", "permanent"), Some(1.0));
    assert_eq!(samples.get(&TX_SECONDS, []), Some(33.0));
    assert_eq!(samples.get(&TX_EXTRINSICS, ["taken"]), Some(1.0));
    assert_eq!(samples.get(&TX_NONCE_RESYNCS, []), Some(1.0));
    // The queue was not counted yet.
    assert_eq!(samples.get(&TX_QUEUE, ["waiting"]), None);
}

#[test]
fn without_a_finalized_block_or_a_node_it_is_not_ready() {
    assert_eq!(obstacles(None, &[])[0].reason, "no finalized block is known yet");
    let node = |reachable| EndpointHealth {
        endpoint: "ws://a".to_owned(),
        reachable: Some(reachable),
        ..EndpointHealth::default()
    };
    assert_eq!(obstacles(Some(7), &[node(true), node(false)]), []);
    let found = obstacles(Some(7), &[node(false)]);
    assert_eq!(found[0].reason, "no node answers: ws://a: no answer");
}
