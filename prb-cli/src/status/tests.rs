use prb_core::chain::health::EndpointHealth;
use prb_core::queue::QueueCounts;
use prb_core::trader::PublishedAccount;
use prb_walkie::proto::data_provider::{self, Info};
use prb_walkie::proto::worker_state::Status;
use prb_walkie::proto::{WorkerState, db, trader};

use super::facts::{Facts, Queue, Service};
use super::problems::{Problem, Severity};
use super::rates::Rates;
use super::report::Report;
use super::text;
use crate::output::Paint;

fn service<T>(told: Result<T, &str>) -> Service<T> {
    let told = told.map_err(str::to_owned);
    let address = "/ip4/10.0.0.1/tcp/1".to_owned();
    Service { peer_id: "QmService1234".into(), hostname: "h".into(), address, told }
}

fn info() -> Info {
    Info {
        status: data_provider::Status::SIdle.into(),
        parent_target: 1000,
        parent_committed_height: 1000,
        para_target: 500,
        para_committed_height: 499,
        para_rate: 0.1,
        ..Info::default()
    }
}

fn worker(name: &str, status: Status, message: &str) -> WorkerState {
    let worker = db::Worker { name: name.into(), enabled: true, ..db::Worker::default() };
    WorkerState {
        worker: Some(worker),
        status: status.into(),
        para_block_dispatched_to: 499,
        last_message: message.into(),
        ..WorkerState::default()
    }
}

fn node(finalized: u32) -> EndpointHealth {
    EndpointHealth {
        endpoint: format!("ws://node-{finalized}"),
        reachable: Some(true),
        synced: Some(true),
        finalized: Some(finalized),
        ..EndpointHealth::default()
    }
}

fn account(low_balance: bool) -> PublishedAccount {
    PublishedAccount {
        account: "Signer".into(),
        pools: vec![1],
        nonce: Some(5),
        balance: Some("1500000000000".into()),
        low_balance,
        in_flight: 0,
        pending: 0,
        settling: None,
        proxied: Vec::new(),
        // What is over is no problem any more.
        last_error: Some("a node went away".into()),
        at: 1,
    }
}

/// A bridge with nothing wrong.
fn fine() -> Facts {
    let status = trader::Status::default();
    Facts {
        relay: vec![node(1000)],
        para: vec![node(500)],
        providers: vec![service(Ok(info()))],
        managers: vec![service(Ok(vec![worker("w1", Status::SActive, "")]))],
        traders: vec![service(Ok(status))],
        unreached: Vec::new(),
        looked_around: true,
        queue: Some(Ok(Queue { accounts: vec![account(false)], ..Queue::default() })),
    }
}

/// What is wrong, each in a line.
fn wrong(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = fine();
    change(&mut facts);
    let told = |it: &Problem| {
        let mark = if it.severity == Severity::Critical { "!" } else { "?" };
        format!("{mark} {}: {} -> {}", it.about, it.problem, it.remedy)
    };
    Report::of(facts).problems.iter().map(told).collect()
}

#[track_caller]
fn assert_one(problems: &[String], begin: &str, remedy: &str) {
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].starts_with(begin) && problems[0].contains(remedy), "{problems:#?}");
}

#[test]
fn nothing_is_wrong_with_a_bridge_that_works() {
    assert_eq!(wrong(|_| {}), [""; 0]);
    // Neither with one that catches up, nor with what nobody was asked about.
    assert_eq!(
        wrong(|facts| {
            (facts.relay, facts.para, facts.queue) = (Vec::new(), Vec::new(), None);
            facts.traders.clear();
            let status = data_provider::Status::SSyhching.into();
            let behind = Info { status, para_committed_height: 3, para_rate: 40.0, ..info() };
            facts.providers = vec![service(Ok(behind))];
            facts.managers = vec![service(Ok(vec![worker("w1", Status::SSynching, "")]))];
        }),
        [""; 0]
    );
}

#[test]
fn what_is_absent_or_silent_is_named_with_what_to_do() {
    let absent = wrong(|facts| facts.providers.clear());
    assert_one(&absent, "! data providers: none was found on this host and", "run data-provider");
    let absent = wrong(|facts| {
        facts.managers.clear();
        facts.looked_around = false;
    });
    assert_one(&absent, "! lifecycle managers: none was found on this host ->", "--boot-node");
    let silent = wrong(|facts| facts.managers = vec![service(Err("no answer"))]);
    assert_one(&silent, "! lifecycle on h: no answer", "prb health --service lifecycle");
    let closed = wrong(|facts| facts.traders = vec![service(Err("X needs a grant."))]);
    assert_one(&closed, "? trader on h: X needs a grant.", "--psk-file");
    let boot = wrong(|facts| facts.unreached = vec![("/ip4/1".into(), "refused".into())]);
    assert_one(&boot, "? boot node /ip4/1: refused", "correct its address");
    let redis = wrong(|facts| facts.queue = Some(Err("it is away".into())));
    assert_one(&redis, "! queue: it is away", "start Redis");
}

#[test]
fn a_provider_that_does_not_get_on_is_told_apart_from_one_that_catches_up() {
    let still = Info { para_committed_height: 400, para_rate: 0.0, ..info() };
    let problems = wrong(|facts| facts.providers = vec![service(Ok(still))]);
    assert_one(&problems, "! data-provider on h: it stored nothing of the parachain", "9461");
    assert!(problems[0].contains("100 blocks behind"), "{problems:?}");
    let began = Info { parent_target: -1, para_target: -1, ..Info::default() };
    let problems = wrong(|facts| facts.providers = vec![service(Ok(began))]);
    assert_one(&problems, "! data-provider on h: it has not heard of any block", "readyz");
}

#[test]
fn workers_with_the_same_problem_are_told_of_together() {
    let states =
        |states: Vec<WorkerState>| wrong(|facts| facts.managers = vec![service(Ok(states))]);
    let failing = (1..=5).map(|number| worker(&format!("w{number}"), Status::SError, "no answer"));
    let told = states(failing.collect());
    let expected = "! workers w1, w2, w3 and 2 more of lifecycle on h: in error: no answer";
    assert_one(&told, expected, "prb worker explain w1");
    let kicked = worker("w1", Status::SKicked, "");
    assert_one(&states(vec![kicked]), "? worker w1 of lifecycle on h: left alone", "restart w1");
    let slow = WorkerState { para_block_dispatched_to: 9, ..worker("w1", Status::SActive, "") };
    assert_one(&states(vec![slow]), "? worker w1 of lifecycle on h: computing, and more", "w1");
    let session_info_json = r#"{"state":"WorkerUnresponsive"}"#.to_owned();
    let slashed = WorkerState { session_info_json, ..worker("w1", Status::SActive, "") };
    assert_one(&states(vec![slashed]), "! worker w1 of lifecycle on h: unresponsive", "explain w1");
    assert_one(&states(Vec::new()), "? lifecycle on h: it keeps no worker", "prb worker add");
    // One that its operator turned off is as it should be.
    assert_eq!(states(vec![worker("w1", Status::SIdle, "")]), [""; 0]);
}

#[test]
fn a_node_is_critical_when_no_other_is_left() {
    let away = EndpointHealth { reachable: Some(false), ..node(1) };
    let one = wrong(|facts| facts.para = vec![away.clone(), node(500)]);
    assert_one(&one, "? parachain node ws://node-1: it does not answer", "--para-endpoint");
    let all = wrong(|facts| facts.para = vec![away]);
    assert_one(&all, "! parachain node ws://node-1: it does not answer", "--para-endpoint");
    let other = EndpointHealth { other_chain: true, ..node(7) };
    let other = wrong(|facts| facts.relay = vec![node(1000), other]);
    assert_one(&other, "? relay chain node ws://node-7: it serves another chain", "--relay");
    let late = wrong(|facts| facts.relay = vec![node(1000), node(900)]);
    assert_one(&late, "? relay chain node ws://node-900: it is 100 blocks behind", "another node");
}

#[test]
fn jobs_and_accounts_that_need_somebody_are_told_once() {
    let queue = |counts, accounts, with_trader: bool| {
        wrong(|facts| {
            let last_failure = Some("refused".to_owned());
            facts.queue = Some(Ok(Queue { counts, accounts, last_failure }));
            if !with_trader {
                facts.traders.clear();
            }
        })
    };
    let counts = QueueCounts { waiting: 3, ..QueueCounts::default() };
    let nobody = queue(counts, Vec::new(), false);
    assert_one(&nobody, "! queue: 3 jobs wait and no trader", "prb run trader");
    assert_eq!(queue(counts, Vec::new(), true), [""; 0]);
    let counts = QueueCounts { failed: 2, ..QueueCounts::default() };
    let failed = queue(counts, vec![account(false)], true);
    assert_one(&failed, "? queue: 2 jobs failed, the last one: refused", "retry-failed");
    let low = trader::Account {
        ss58_phala: "Signer".into(),
        low_balance: true,
        balance: "1500000000000".into(),
        ..trader::Account::default()
    };
    let status = trader::Status { accounts: vec![low], ..trader::Status::default() };
    let told_by_both = wrong(|facts| {
        facts.traders = vec![service(Ok(status.clone()))];
        facts.queue = Some(Ok(Queue { accounts: vec![account(true)], ..Queue::default() }));
    });
    assert_one(&told_by_both, "! account Signer: the balance is low", "send it some tokens");
    let told_by_trader = wrong(|facts| {
        (facts.traders, facts.queue) = (vec![service(Ok(status))], None);
    });
    assert_one(&told_by_trader, "! account Signer of trader on h: its balance of 1.5000", "send");
}

#[test]
fn the_worst_comes_first_and_all_is_on_one_screen() {
    let mut facts = fine();
    facts.unreached = vec![("/ip4/1".into(), "refused\u{1b}[2J".into())];
    let states = [Status::SActive, Status::SActive, Status::SError];
    let states = states.map(|status| worker("w", status, "gone"));
    facts.managers = vec![service(Ok(states.to_vec()))];
    let report = Report::of(facts);
    let text = text::of(&report, Paint::default());
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "CRITICAL worker w of lifecycle on h: in error: gone");
    assert_eq!(lines[1], "         -> prb worker explain w");
    assert!(lines[2].starts_with("warning  boot node /ip4/1: refused"), "{text}");
    // How wide the columns are is the table's own.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for shown in [
        "h QmService1 3 2 active, 1 error",
        "relay chain 1000",
        "h QmService1 at the tip 1000/1000 499/500",
        "Signer 1 1.5000 PHA",
    ] {
        assert!(words.contains(shown), "{shown}: {text}");
    }
    let json = report.json().unwrap();
    assert_eq!(json["problems"][0]["severity"], "critical");
    assert_eq!(json["lifecycleManagers"][0]["workers"]["active"], 2);
    assert_eq!(json["dataProviders"][0]["info"]["paraCommittedHeight"], 499);
    assert_eq!(json["queue"]["stats"]["failed"], 0);
}

#[test]
fn rates_are_of_what_grew_between_two_moments() {
    let (before, mut after) = (fine(), fine());
    after.para = vec![node(506)];
    after.managers[0].told.as_mut().unwrap()[0].para_block_dispatched_to += 5;
    let succeeded = 8;
    let counts = QueueCounts { succeeded, ..QueueCounts::default() };
    after.queue = Some(Ok(Queue { counts, ..Queue::default() }));
    let rates = Rates::between(&before, &after, 4.0);
    let expected = [Some(0.0), Some(1.5), Some(1.25), Some(2.0)];
    assert_eq!([rates.relay, rates.para, rates.executed, rates.jobs], expected);
    assert!(rates.text().contains("parachain 1.50, executed by workers 1.25, jobs 2.00"));
    // Jobs were cleared, and it is not known how many ended.
    assert_eq!(Rates::between(&after, &before, 4.0).jobs, None);
    after.queue = None;
    assert_eq!(Rates::between(&before, &after, 4.0).jobs, None);
}
