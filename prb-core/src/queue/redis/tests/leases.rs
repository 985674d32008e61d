//! Managers that share a Redis agree on who speaks for a worker.

use super::*;
use crate::queue::WorkerKey;
use crate::queue::lease::{LeaseAnswer, LeaseRequest, LeaseState, LeaseStore};

const KEY: WorkerKey = [7; 32];
const TTL: Duration = Duration::from_millis(400);

fn request(manager: &str, held: bool) -> LeaseRequest {
    LeaseRequest {
        identity: "one".to_owned(),
        manager: format!("id-of-{manager}"),
        name: manager.to_owned(),
        ttl: TTL,
        wanted: vec![(KEY, held)],
        given_up: Vec::new(),
    }
}

async fn ask(queue: &RedisQueue, request: &LeaseRequest) -> LeaseState {
    let Ok(LeaseAnswer::States(mut states)) = queue.exchange(request).await else {
        panic!("no states for {request:?}")
    };
    states.remove(0)
}

async fn until(queue: &RedisQueue, request: &LeaseRequest, wanted: &LeaseState) {
    let asked = async {
        while ask(queue, request).await != *wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asked).await.unwrap();
}

#[tokio::test]
async fn a_lease_is_had_by_one_until_it_is_given_back_or_ends() {
    let server = Server::start().await;
    let (first, second) = (open(&server), open(&server));
    let (a, b) = (request("a", false), request("b", false));
    assert_eq!(ask(&first, &a).await, LeaseState::Unsettled, "Redis may have forgotten somebody");
    until(&first, &a, &LeaseState::Held).await;
    assert_eq!(ask(&second, &b).await, LeaseState::Other("a".to_owned()));
    // A process that follows one that was killed on the same folder.
    assert_eq!(ask(&second, &a).await, LeaseState::Held);
    let back = LeaseRequest { wanted: Vec::new(), given_up: vec![KEY], ..a.clone() };
    let others = LeaseRequest { wanted: Vec::new(), given_up: vec![KEY], ..b.clone() };
    first.exchange(&others).await.unwrap();
    assert_eq!(ask(&second, &b).await, LeaseState::Other("a".to_owned()), "it was not b's to give");
    first.exchange(&back).await.unwrap();
    assert_eq!(ask(&second, &b).await, LeaseState::Held);
    // b says nothing any more.
    until(&first, &a, &LeaseState::Held).await;
}

#[tokio::test]
async fn when_redis_forgets_who_has_it_goes_on_and_others_wait_for_its_time() {
    let mut server = Server::start().await;
    let (first, second) = (open(&server), open(&server));
    let (a, b) = (request("a", false), request("b", false));
    until(&first, &a, &LeaseState::Held).await;
    server.kill();
    assert!(second.exchange(&b).await.is_err());
    server.run().await;
    assert_eq!(ask(&second, &b).await, LeaseState::Unsettled);
    assert_eq!(ask(&first, &request("a", true)).await, LeaseState::Held);
    assert_eq!(ask(&second, &b).await, LeaseState::Other("a".to_owned()));
}

#[tokio::test]
async fn a_manager_of_another_identity_is_told_who_was_first() {
    let server = Server::start().await;
    let (first, second) = (open(&server), open(&server));
    ask(&first, &request("a", false)).await;
    let other = LeaseRequest { identity: "two".to_owned(), ..request("b", true) };
    let answer = second.exchange(&other).await.unwrap();
    assert_eq!(answer, LeaseAnswer::OtherIdentity { manager: "one a".to_owned() });
}
