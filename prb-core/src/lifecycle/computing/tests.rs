use parity_scale_codec::Decode;
use proptest::prelude::*;

use subxt::utils::AccountId32;

use super::*;
use crate::scale::on_chain::{
    Benchmark, SessionInfo, SessionStats, TokenomicParameters, WorkerInfo,
};

mod explained;
mod leaving;

const PHA: u128 = 1_000_000_000_000;

fn account(byte: u8) -> AccountId32 {
    AccountId32([byte; 32])
}

fn wanted() -> Wanted {
    Wanted {
        pid: 2,
        stake: 2_000 * PHA,
        gatekeeper: false,
        operator: account(1),
        min_score: 50,
        public_endpoints: vec![],
        register_anew: false,
        goal: Goal::Compute,
    }
}

fn session(state: SessionState) -> SessionInfo {
    SessionInfo {
        state,
        ve: 0,
        v: 0,
        v_updated_at: 0,
        benchmark: Benchmark {
            p_init: 100,
            p_instant: 100,
            iterations: 0,
            working_start_time: 0,
            challenge_time_last: 0,
        },
        cool_down_start: 1_000,
        stats: SessionStats { total_reward: 0 },
    }
}

fn tokenomics() -> TokenomicParameters {
    let zeros = [0_u8; 13 * 16 + 4];
    let mut rules = TokenomicParameters::decode(&mut &zeros[..]).unwrap();
    rules.k = 100 << 64;
    rules.re = (3 << 64) / 2;
    rules.v_max = 30_000 << 64;
    rules
}

/// A worker that computes, as it should.
fn seen() -> Seen {
    Seen {
        registration: Some(WorkerInfo {
            pubkey: [7; 32],
            ecdh_pubkey: [7; 32],
            runtime_version: 0,
            last_updated: 0,
            operator: Some(account(1)),
            attestation_provider: None,
            confidence_level: 1,
            initial_score: Some(100),
            features: vec![],
        }),
        assignment: Some(2),
        binding: Some(account(9)),
        session: Some(session(SessionState::WorkerIdle)),
        session_stake: Some(2_000 * PHA),
        endpoints: vec![],
        pool: Some(SeenPool {
            owner: account(1),
            takes_workers: true,
            workers: 1,
            free_stake: 10_000 * PHA,
            withdrawing: false,
        }),
        tokenomics: Some(tokenomics()),
        cool_down_period: 600,
        now: 1_200,
    }
}

fn registered(change: impl FnOnce(&mut WorkerInfo)) -> Seen {
    let mut seen = seen();
    change(seen.registration.as_mut().unwrap());
    seen
}

fn in_session(state: SessionState) -> Seen {
    Seen { session: Some(session(state)), session_stake: None, ..seen() }
}

fn with_pool(change: impl FnOnce(&mut SeenPool)) -> Seen {
    let mut seen = in_session(SessionState::Ready);
    change(seen.pool.as_mut().unwrap());
    seen
}

#[test]
fn the_way_to_computing() {
    let out_of_pool = Seen { assignment: None, binding: None, session: None, ..seen() };
    for (seen, expected) in [
        (
            Seen { registration: None, ..out_of_pool.clone() },
            Next::Do(Deed::Register(Register::First)),
        ),
        (registered(|it| it.operator = None), Next::Do(Deed::Register(Register::Operator))),
        (
            registered(|it| it.operator = Some(account(3))),
            Next::Do(Deed::Register(Register::Operator)),
        ),
        (registered(|it| it.initial_score = None), Next::Wait(Wait::Score)),
        (out_of_pool, Next::Do(Deed::AddWorker)),
        (Seen { session: None, ..seen() }, Next::Wait(Wait::Session)),
        (in_session(SessionState::Ready), Next::Do(Deed::Start { stake: 2_000 * PHA })),
        (in_session(SessionState::WorkerCoolingDown), Next::Wait(Wait::CoolDown { seconds: 400 })),
        (
            Seen { now: 1_600, ..in_session(SessionState::WorkerCoolingDown) },
            Next::Do(Deed::Reclaim),
        ),
        (
            seen(),
            Next::Working(Working::Computing {
                stake: 2_000 * PHA,
                unresponsive: false,
                stake_kept: None,
            }),
        ),
    ] {
        assert_eq!(next(&wanted(), &seen), expected, "{seen:?}");
    }
    let told = Wanted { register_anew: true, ..wanted() };
    assert_eq!(next(&told, &seen()), Next::Do(Deed::Register(Register::Told)));
    let gatekeeper = Wanted { gatekeeper: true, ..wanted() };
    let alone = Seen { pool: None, assignment: None, ..seen() };
    assert_eq!(next(&gatekeeper, &alone), Next::Working(Working::Gatekeeper));
}

#[test]
fn what_stands_in_the_way_is_named() {
    let owner = with_pool(|pool| pool.owner = account(5));
    for (seen, expected) in [
        (registered(|it| it.initial_score = Some(49)), "score is 49, and at least 50"),
        (Seen { pool: None, ..seen() }, "there is no pool 2 on chain"),
        (with_pool(|pool| pool.takes_workers = false), "pool 2 is a vault"),
        (owner, "pool 2 belongs to 3"),
        (Seen { assignment: Some(7), ..seen() }, "in pool 7, not in 2"),
        (Seen { assignment: None, ..seen() }, "outside of any pool"),
        (Seen { binding: None, ..seen() }, "bound to no session"),
        (
            Seen { assignment: None, binding: None, ..with_pool(|pool| pool.workers = 200) },
            "as many workers as",
        ),
        (
            with_pool(|pool| pool.free_stake = 1_999 * PHA),
            "pool 2 has 1999 PHA of free stake, and 2000 PHA is needed",
        ),
    ] {
        let Next::Blocked(blocked) = next(&wanted(), &seen) else {
            panic!("not blocked: {:?}", next(&wanted(), &seen));
        };
        assert!(blocked.to_string().contains(expected), "{blocked}");
    }
}

#[test]
fn the_stake_must_be_within_the_rules() {
    let start = |stake: u128| {
        next(&Wanted { stake, ..wanted() }, &with_pool(|pool| pool.free_stake = u128::MAX))
    };
    // 100 PHA times the root of 100, and 30,000 divided by 1.5.
    assert_eq!(start(1_000 * PHA), Next::Do(Deed::Start { stake: 1_000 * PHA }));
    assert!(start(1_000 * PHA - 1).to_string().contains("below 1000 PHA"));
    assert_eq!(start(20_000 * PHA), Next::Do(Deed::Start { stake: 20_000 * PHA }));
    assert!(start(20_000 * PHA + 1).to_string().contains("above 20000 PHA"));
    assert_eq!(start(0), Next::Blocked(Blocked::NoStake));
    // Less confidence multiplies less: 1.35 at level 5.
    let mut doubtful = with_pool(|pool| pool.free_stake = u128::MAX);
    doubtful.registration.as_mut().unwrap().confidence_level = 5;
    let much = Wanted { stake: 22_222 * PHA, ..wanted() };
    assert!(matches!(next(&much, &doubtful), Next::Do(Deed::Start { .. })));
}

#[test]
fn a_stake_is_raised_in_place_and_never_lowered() {
    let at = |stake: u128, change: fn(&mut SeenPool)| {
        let mut seen = seen();
        change(seen.pool.as_mut().unwrap());
        next(&Wanted { stake: stake * PHA, ..wanted() }, &seen)
    };
    let (from, to) = (2_000 * PHA, 3_000 * PHA);
    // Only the difference must be free.
    assert_eq!(at(3_000, |pool| pool.free_stake = 1_000 * PHA), Next::Do(Deed::Raise { from, to }));
    for (next, expected) in [
        (at(3_000, |pool| pool.free_stake = 999 * PHA), "stake not raised: pool 2 has 999 PHA"),
        (at(3_000, |pool| pool.withdrawing = true), "withdrawals"),
        (at(1_999, |_| ()), "a lower stake needs a stop"),
        (at(0, |_| ()), "computing with 2000 PHA"),
    ] {
        assert!(matches!(next, Next::Working(Working::Computing { .. })), "{next:?}");
        assert!(next.to_string().contains(expected), "{next}");
    }
}

#[test]
fn an_unresponsive_worker_still_computes() {
    let seen = Seen { session: Some(session(SessionState::WorkerUnresponsive)), ..seen() };
    assert!(next(&wanted(), &seen).to_string().contains("unresponsive"));
}

proptest! {
    /// Whoever carries out what is said, and only that, gets a worker to compute.
    #[test]
    fn doing_what_is_said_leads_to_computing(
        registered in any::<bool>(),
        assigned in any::<bool>(),
        cooling in any::<bool>(),
        register_anew in any::<bool>(),
    ) {
        let mut seen = seen();
        let public_endpoints = vec!["https://a".to_owned()];
        let mut wanted = Wanted { public_endpoints, register_anew, ..wanted() };
        if !assigned {
            (seen.assignment, seen.binding, seen.session) = (None, None, None);
        }
        if !registered {
            seen.registration = None;
        }
        if cooling && assigned {
            seen.session = Some(session(SessionState::WorkerCoolingDown));
        }
        for _ in 0..10 {
            match next(&wanted, &seen) {
                Next::Working(_) => return Ok(()),
                Next::Wait(_) => seen.now += 1_000,
                Next::Blocked(blocked) => prop_assert!(false, "{blocked}"),
                next @ (Next::AtRest(_) | Next::Do(Deed::Stop | Deed::LeavePool)) => {
                    prop_assert!(false, "nobody wanted {next}");
                }
                Next::Do(Deed::Register(_)) => {
                    wanted.register_anew = false;
                    seen.registration = super::tests::seen().registration;
                }
                Next::Do(Deed::AddWorker) => {
                    (seen.assignment, seen.binding) = (Some(2), Some(account(9)));
                    seen.session = Some(session(SessionState::Ready));
                }
                Next::Do(Deed::Start { stake } | Deed::Raise { to: stake, .. }) => {
                    seen.session = Some(session(SessionState::WorkerIdle));
                    seen.session_stake = Some(stake);
                }
                Next::Do(Deed::Reclaim) => seen.session = Some(session(SessionState::Ready)),
                Next::Do(Deed::Publish) => seen.endpoints.clone_from(&wanted.public_endpoints),
            }
        }
        prop_assert!(false, "never computing");
    }
}

#[test]
fn endpoints_are_published_once_it_works_and_when_they_change() {
    let of = |endpoints: &[&str]| endpoints.iter().map(ToString::to_string).collect::<Vec<_>>();
    let wanted = Wanted { public_endpoints: of(&["https://a", "https://b"]), ..wanted() };
    let working = |endpoints: &[&str]| Seen {
        session_stake: Some(wanted.stake),
        endpoints: of(endpoints),
        ..in_session(SessionState::WorkerIdle)
    };
    for published in [&[][..], &["https://b", "https://a"], &["https://a"]] {
        assert_eq!(next(&wanted, &working(published)), Next::Do(Deed::Publish), "{published:?}");
    }
    let all = working(&["https://a", "https://b"]);
    assert!(matches!(next(&wanted, &all), Next::Working(Working::Computing { .. })));
    let none = Wanted { public_endpoints: vec![], ..wanted.clone() };
    assert!(matches!(next(&none, &all), Next::Working(_)), "what is published stays");
    let ready = in_session(SessionState::Ready);
    assert!(matches!(next(&wanted, &ready), Next::Do(Deed::Start { .. })), "first it works");
    let gatekeeper = Wanted { gatekeeper: true, ..wanted };
    assert_eq!(next(&gatekeeper, &seen()), Next::Do(Deed::Publish));
}
