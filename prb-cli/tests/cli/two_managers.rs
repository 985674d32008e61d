//! Two lifecycle managers with the same workers on one Redis.

use std::fs;

use prb_devnet::ports::unused_port;
use serde_json::Value;

use crate::fixture::{Prb, text};
use crate::machines::Machine;
use crate::services::Site;
use crate::trader::{Redis, computing};

/// Where a manager is, in a folder of its own.
fn site<'a>(prb: &'a Prb, redis: &Redis) -> Site<'a> {
    let port = unused_port();
    let site = Site {
        prb,
        devnet: Machine::this(),
        manager: Machine::this(),
        multicast: false,
        manager_at: format!("/ip4/127.0.0.1/tcp/{port}"),
        redis: Some(redis.url()),
    };
    fs::write(site.path("psk"), "a key that operators share").unwrap();
    site
}

fn waits_for_a_lease(worker: &Value) -> bool {
    worker["lastMessage"].as_str().is_some_and(|text| text.contains("has the lease"))
        && worker["paraBlockDispatchedTo"].as_i64() > Some(0)
}

#[test]
fn one_speaks_for_a_worker_until_it_is_killed_and_a_stranger_does_not_start() {
    let (prb, other_prb, strange_prb) = (Prb::new(), Prb::new(), Prb::new());
    let this = Machine::this();
    let redis = Redis::start(prb.folder.path());
    let (first, second) = (site(&prb, &redis), site(&other_prb, &redis));
    let (devnet, network) = first.start_devnet();
    let mut manager = first.start_manager(&network);
    let trader = first.start_trader(&network);
    let at =
        format!("--no-mdns --boot-node {} --boot-node {}", first.manager_at, second.manager_at);
    let provider = first.start_provider("provider", &this, &network, &at);
    first.add_workers(&this, &network);
    first.wait_for("computing", &manager, computing);

    fs::create_dir(second.path("manager-keys")).unwrap();
    for key in fs::read_dir(first.path("manager-keys")).unwrap() {
        let key = key.unwrap();
        let copy = std::path::Path::new(&second.path("manager-keys")).join(key.file_name());
        fs::copy(key.path(), copy).unwrap();
    }
    let other = second.start_manager(&network);
    second.add_workers(&this, &network);
    second.wait_for("fed, and waiting for leases", &other, |workers| {
        !workers.is_empty() && workers.iter().all(waits_for_a_lease)
    });
    first.wait_for("still computing", &manager, computing);

    let strange = site(&strange_prb, &redis);
    let words = format!(
        "run lifecycle --data-dir {} --key-dir {} --para-endpoint {} --redis {} --log error \
         --built-in-trader false --no-mdns --walkie-listen {} --grpc-listen off --admin-listen off",
        strange.path("manager"),
        strange.path("manager-keys"),
        network["para"].as_str().unwrap(),
        redis.url(),
        strange.manager_at,
    );
    let refused = strange_prb.run(&words);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(text(&refused.stderr).contains("a manager of another identity, Qm"), "{refused:?}");

    manager.kill();
    second.wait_for("taking over", &other, computing);
    for service in [trader, other, provider, devnet] {
        service.stop();
    }
}
