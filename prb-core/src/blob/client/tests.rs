use std::collections::HashSet;
use std::sync::atomic::Ordering::SeqCst;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::*;
use crate::blob::given::Given;
use crate::blob::server::{BlobServer, BlobServerConfig, BlobServerHandle};

const PATIENCE: Duration = Duration::from_secs(20);

fn config() -> BlobClientConfig {
    BlobClientConfig {
        nobody_timeout: Duration::from_secs(3),
        heartbeat: Duration::from_millis(100),
        stall_timeout: Duration::from_millis(600),
        hedge_after: Duration::from_millis(400),
        ..BlobClientConfig::default()
    }
}

/// A provider whose blobs say whose they are.
async fn provider(name: &str) -> (Arc<Given>, BlobServerHandle) {
    let source = Arc::new(Given::default());
    *source.info.lock().unwrap() = Info {
        parent_committed_height: 100,
        para_committed_height: 100,
        blocks_per_chunk: 4,
        ..Info::default()
    };
    for number in 0..=100 {
        source.put(BlobKey::Relay(number), format!("{name} {number}"));
        source.put(BlobKey::Blocks(number / 4), format!("{name} {}", number / 4));
    }
    let config = BlobServerConfig::new(([127, 0, 0, 1], 0).into());
    let server = BlobServer::builder(config, source.clone()).build().start().await.unwrap();
    (source, server)
}

fn candidate(name: &str, address: SocketAddr) -> BlobEndpoint {
    BlobEndpoint { name: name.to_owned(), addresses: vec![address] }
}

struct Client {
    blobs: BlobClient,
    candidates: watch::Sender<Vec<BlobEndpoint>>,
}

impl Client {
    fn of(candidates: Vec<BlobEndpoint>) -> Self {
        let (candidates, receiver) = watch::channel(candidates);
        Self { blobs: BlobClient::builder(config(), receiver).start(), candidates }
    }

    async fn get(&self, number: u32) -> String {
        let got = self.blobs.get(BlobKey::Relay(number), Duration::ZERO).await.unwrap().unwrap();
        String::from_utf8(got.to_vec()).unwrap()
    }

    fn find(&self, name: &str) -> Option<ProviderHealth> {
        self.blobs.status().into_iter().find(|provider| provider.name == name)
    }

    fn health(&self, name: &str) -> ProviderHealth {
        self.find(name).unwrap()
    }

    async fn reach(&self, name: &str, wanted: impl Fn(&ProviderHealth) -> bool) {
        let begun = Instant::now();
        while !self.find(name).is_some_and(|health| wanted(&health)) {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.find(name));
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn gets_what_there_is_and_waits_for_what_comes() {
    let (source, server) = provider("a").await;
    let client = Client::of(vec![candidate("a", server.address())]);
    assert_eq!(client.get(42).await, "a 42");
    let blobs = &client.blobs;
    assert_eq!(blobs.get(BlobKey::Relay(101), Duration::ZERO).await.unwrap(), None);
    assert_eq!(blobs.get(BlobKey::Relay(101), Duration::from_millis(50)).await.unwrap(), None);
    let coming = blobs.get(BlobKey::Relay(101), PATIENCE);
    let put = async {
        sleep(Duration::from_millis(100)).await;
        source.put(BlobKey::Relay(101), "came");
    };
    let (got, ()) = tokio::join!(coming, put);
    assert_eq!(got.unwrap().unwrap(), "came");
    let large = vec![9; 5_000_000];
    source.put(BlobKey::States, large.clone());
    assert_eq!(blobs.get(BlobKey::States, Duration::ZERO).await.unwrap().unwrap(), large);
    assert_eq!(blobs.info().await.unwrap().parent_committed_height, 100);
    client.reach("a", |health| health.relay_height == Some(100) && health.problem.is_none()).await;
    blobs.shutdown().await;
    assert!(matches!(blobs.get(BlobKey::Relay(1), PATIENCE).await, Err(BlobError::Stopping)));
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_gets_share_a_connection_and_none_is_mixed_up() {
    let (_, server) = provider("a").await;
    let client = Client::of(vec![candidate("a", server.address())]);
    let gets = (0..3_000).map(|n| client.get(n % 101));
    for (n, got) in futures::future::join_all(gets).await.into_iter().enumerate() {
        assert_eq!(got, format!("a {}", n % 101));
    }
    server.shutdown().await;
    client.blobs.shutdown().await;
}

#[tokio::test]
async fn when_nobody_can_be_asked_it_is_said_who_and_why() {
    let client = Client::of(Vec::new());
    let none = client.blobs.get(BlobKey::Relay(1), Duration::ZERO).await.unwrap_err();
    assert!(none.to_string().contains("none is known"), "{none}");
    // The port of a server that is gone.
    let (_, server) = provider("a").await;
    server.shutdown().await;
    client.candidates.send_replace(vec![candidate("gone", server.address())]);
    let gone = client.blobs.get(BlobKey::Relay(1), Duration::ZERO).await.unwrap_err();
    assert!(gone.to_string().contains("gone: not connected"), "{gone}");
    // As soon as one is there it is asked.
    let (_, server) = provider("b").await;
    let asking = client.get(3);
    client.candidates.send_replace(vec![candidate("b", server.address())]);
    assert_eq!(asking.await, "b 3");
    server.shutdown().await;
    client.blobs.shutdown().await;
}

#[tokio::test]
async fn the_fallback_is_asked_when_nobody_else_is_there() {
    let given = Given::default();
    given.put(BlobKey::Relay(1), "by another way");
    let (_candidates, receiver) = watch::channel(Vec::new());
    let client = BlobClient::builder(config(), receiver).fallback(Arc::new(given)).start();
    let got = client.get(BlobKey::Relay(1), Duration::ZERO).await.unwrap();
    assert_eq!(got.unwrap(), "by another way");
    client.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_goes_away_is_left_and_found_again() {
    let (_, first) = provider("a").await;
    let (_, second) = provider("b").await;
    let client =
        Client::of(vec![candidate("a", first.address()), candidate("b", second.address())]);
    client.reach("a", |health| health.problem.is_none()).await;
    client.reach("b", |health| health.problem.is_none()).await;
    let mut served = HashSet::new();
    for round in 0..1000 {
        let got = client.get(round % 100).await;
        served.insert(got.split(' ').next().unwrap().to_owned());
        if round == 500 {
            first.shutdown().await;
        }
        if round > 600 {
            assert!(got.starts_with('b'), "{got}");
        }
    }
    client.reach("a", |health| health.problem.is_some()).await;
    let config = BlobServerConfig::new(first.address());
    let source = provider("a again").await.0;
    let again = BlobServer::builder(config, source).build().start().await.unwrap();
    client.reach("a", |health| health.problem.is_none()).await;
    second.shutdown().await;
    assert_eq!(client.get(5).await, "a again 5");
    again.shutdown().await;
    client.blobs.shutdown().await;
}

/// Forwards to a provider, and does with its answers what it is told.
async fn between(
    provider: SocketAddr,
    spoil: impl Fn(&mut [u8]) + Clone + Send + 'static,
    held: watch::Receiver<bool>,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = tokio::net::TcpStream::connect(provider).await.unwrap();
            let (mut from_client, mut to_client) = near.into_split();
            let (mut from_provider, mut to_provider) = far.into_split();
            let (spoil, mut held) = (spoil.clone(), held.clone());
            tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_provider).await });
            tokio::spawn(async move {
                let mut bytes = vec![0; 65_536];
                while let Ok(read @ 1..) = from_provider.read(&mut bytes).await {
                    spoil(&mut bytes[..read]);
                    if held.wait_for(|held| !held).await.is_err()
                        || to_client.write_all(&bytes[..read]).await.is_err()
                    {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_still_is_left_for_another() {
    let (_, first) = provider("a").await;
    let (source, second) = provider("b").await;
    let (standing_still, held) = watch::channel(false);
    let still = between(first.address(), |_| {}, held).await;
    let client = Client::of(vec![candidate("a", still)]);
    assert_eq!(client.get(1).await, "a 1");
    client.candidates.send_replace(vec![candidate("a", still), candidate("b", second.address())]);
    client.reach("b", |health| health.problem.is_none()).await;
    standing_still.send_replace(true);
    // Also those who wait for what does not exist yet: another has it first.
    let waiting = (0..4).map(|_| client.blobs.get(BlobKey::Relay(101), PATIENCE));
    let gets = async {
        let gets = futures::future::join_all((0..100).map(|number| client.get(number))).await;
        source.put(BlobKey::Relay(101), "came");
        source.info.lock().unwrap().parent_committed_height = 101;
        gets
    };
    let (waited, gets) = tokio::join!(futures::future::join_all(waiting), gets);
    assert!(gets.iter().any(|got| got.starts_with('b')));
    for waited in waited {
        assert_eq!(waited.unwrap().unwrap(), "came");
    }
    client.reach("a", |health| health.problem.is_some()).await;
    standing_still.send_replace(false);
    client.reach("a", |health| health.problem.is_none()).await;
    for server in [first, second] {
        server.shutdown().await;
    }
    client.blobs.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_serves_damaged_data_is_not_believed() {
    let (source, first) = provider("a").await;
    let (_, second) = provider("b").await;
    source.put(BlobKey::Relay(7), "XXXX damaged on its way");
    let spoil = |bytes: &mut [u8]| {
        let at = bytes.windows(4).position(|window| window == b"XXXX");
        if let Some(at) = at {
            bytes[at] = b'x';
        }
    };
    let spoiled = between(first.address(), spoil, watch::channel(false).1).await;
    let client = Client::of(vec![candidate("a", spoiled)]);
    assert_eq!(client.get(1).await, "a 1");
    client.candidates.send_replace(vec![candidate("a", spoiled), candidate("b", second.address())]);
    // It is asked, damaged or not, as long as there is nobody else.
    assert_eq!(client.get(7).await, "b 7");
    let health = client.health("a");
    assert_eq!(health.offences, 1);
    assert!(health.problem.as_ref().unwrap().contains("damaged data"), "{health:?}");
    for number in 0..50 {
        assert_eq!(client.get(number).await, format!("b {number}"));
    }
    second.shutdown().await;
    assert_eq!(client.get(1).await, "a 1");
    first.shutdown().await;
    client.blobs.shutdown().await;
}

#[tokio::test]
async fn who_served_a_bad_block_is_told_and_left() {
    let (source, first) = provider("a").await;
    let (_, second) = provider("b").await;
    let client = Client::of(vec![candidate("a", first.address())]);
    let blocks = BlobKey::Blocks(2);
    let got = client.blobs.get(blocks, Duration::ZERO).await.unwrap().unwrap();
    assert_eq!(got, "a 2");
    client
        .candidates
        .send_replace(vec![candidate("a", first.address()), candidate("b", second.address())]);
    client.reach("b", |health| health.problem.is_none()).await;
    // Many workers may report the same: it is one offence.
    for _ in 0..25 {
        client.blobs.report_bad_block(9).await.unwrap();
    }
    assert_eq!(*source.reported.lock().unwrap(), [9]);
    assert_eq!(client.health("a").offences, 1);
    assert!(client.health("a").problem.unwrap().contains("parachain block 9"));
    assert_eq!(client.blobs.get(blocks, Duration::ZERO).await.unwrap().unwrap(), "b 2");
    for server in [first, second] {
        server.shutdown().await;
    }
    client.blobs.shutdown().await;
}

#[tokio::test]
async fn who_cannot_read_its_store_is_left_and_its_reason_is_told() {
    let (source, first) = provider("a").await;
    *source.broken.lock().unwrap() = Some("the disk is gone".to_owned());
    let client = Client::of(vec![candidate("a", first.address())]);
    let failed = client.blobs.get(BlobKey::Relay(1), Duration::ZERO).await.unwrap_err();
    assert!(failed.to_string().contains("the disk is gone"), "{failed}");
    let (_, second) = provider("b").await;
    client
        .candidates
        .send_replace(vec![candidate("a", first.address()), candidate("b", second.address())]);
    client.reach("b", |health| health.problem.is_none()).await;
    for number in 0..20 {
        assert_eq!(client.get(number).await, format!("b {number}"));
    }
    for server in [first, second] {
        server.shutdown().await;
    }
    client.blobs.shutdown().await;
}

#[tokio::test]
async fn a_get_that_takes_long_is_asked_twice() {
    let (slow, first) = provider("a").await;
    let (_, second) = provider("b").await;
    let client = Client::of(vec![candidate("a", first.address())]);
    client.get(1).await;
    *slow.delay.lock().unwrap() = Duration::from_secs(10);
    let before = slow.gets.load(SeqCst);
    let gets = futures::future::join_all((0..8).map(|number| client.get(number)));
    let another_comes = async {
        while slow.gets.load(SeqCst) == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        client
            .candidates
            .send_replace(vec![candidate("a", first.address()), candidate("b", second.address())]);
    };
    // Heartbeats are answered, so that the connection does not stand still.
    let (gets, ()) = tokio::join!(gets, another_comes);
    assert!(gets.iter().all(|got| got.starts_with('b')), "{gets:?}");
    for server in [first, second] {
        server.shutdown().await;
    }
    client.blobs.shutdown().await;
}
