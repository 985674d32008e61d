use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::*;
use crate::blob::frame::{Answer, Extent, FailureCode, RequestFrame};
use crate::blob::given::Given;
use crate::blob::{BlobKey, BlobRequest};

const PATIENCE: Duration = Duration::from_secs(20);

async fn server(
    source: &Arc<Given>,
    change: impl FnOnce(&mut BlobServerConfig),
) -> BlobServerHandle {
    let mut config = BlobServerConfig::new(([127, 0, 0, 1], 0).into());
    change(&mut config);
    BlobServer::builder(config, source.clone()).build().start().await.unwrap()
}

/// A peer that writes and reads frames by hand.
struct Peer {
    stream: TcpStream,
    bytes: BytesMut,
}

impl Peer {
    async fn connect(server: &BlobServerHandle) -> Self {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        Self { stream, bytes: BytesMut::new() }
    }

    async fn ask(&mut self, id: u64, key: &str) {
        let mut frame = Vec::new();
        RequestFrame { id, key: key.as_bytes() }.encode(&mut frame);
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The next answer; `None` if the connection ended.
    async fn answer(&mut self) -> Option<(u64, Answer)> {
        loop {
            if let Some(extent) = Extent::read(&self.bytes, usize::MAX).unwrap()
                && self.bytes.len() >= extent.total()
            {
                self.bytes.advance(extent.prefix);
                let body = self.bytes.split_to(extent.body).freeze();
                let (id, answer) = Answer::decode(&body).unwrap();
                return Some((id, answer.unwrap()));
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.bytes)).await.unwrap();
            if read.ok().is_none_or(|bytes| bytes == 0) {
                return None;
            }
        }
    }

    async fn answers(&mut self, count: usize) -> Vec<(u64, Answer)> {
        let mut answers = Vec::new();
        for _ in 0..count {
            answers.push(self.answer().await.expect("the connection ended"));
        }
        answers.sort_by_key(|(id, _)| *id);
        answers
    }
}

/// Waits until the status, published once a second, is as wanted.
async fn reach(server: &BlobServerHandle, wanted: impl FnMut(&BlobServerStatus) -> bool) {
    let mut status = server.subscribe();
    let reached = timeout(PATIENCE, status.wait_for(wanted)).await;
    assert!(reached.is_ok(), "{:?}", server.status());
}

#[tokio::test]
async fn answers_what_there_is_what_there_is_not_and_what_fails() {
    let source = Arc::new(Given::default());
    source.put(BlobKey::Relay(1), vec![7; 300_000]);
    source.put(BlobKey::Blocks(0), "small");
    let server = server(&source, |_| {}).await;
    let mut peer = Peer::connect(&server).await;
    for (id, key) in ["relay:1", " blocks:0\n", "blocks:1", "range:1:pb", "info", "bad-block:9"]
        .into_iter()
        .enumerate()
    {
        peer.ask(id as u64, key).await;
    }
    let answers = peer.answers(6).await;
    assert_eq!(answers[0], (0, Answer::Found(vec![7; 300_000].into())));
    assert_eq!(answers[1], (1, Answer::Found(Bytes::from_static(b"small"))));
    assert_eq!(answers[2..4], [(2, Answer::Missing), (3, Answer::Missing)]);
    assert!(matches!(answers[4].1, Answer::Found(_)));
    assert_eq!(*source.reported.lock().unwrap(), [9]);

    *source.broken.lock().unwrap() = Some("the disk is gone".to_owned());
    peer.ask(7, "relay:1").await;
    let Some((7, Answer::Failed { code, reason })) = peer.answer().await else { panic!() };
    assert_eq!(code, FailureCode::Store);
    assert!(String::from_utf8_lossy(&reason).contains("the disk is gone"), "{reason:?}");
    // Two were there, one was not, one failed; the key of the other is none.
    reach(&server, |status| status.serve_time.count() == 4).await;
    server.shutdown().await;
    assert_eq!(peer.answer().await, None);
}

#[tokio::test]
async fn a_get_that_waits_is_answered_when_it_comes_and_holds_nobody_up() {
    let source = Arc::new(Given::default());
    source.put(BlobKey::Relay(1), "here");
    let server = server(&source, |config| config.lookups = 1).await;
    let mut peer = Peer::connect(&server).await;
    for id in 0..50 {
        peer.ask(id, "relay:2?wait=60000").await;
    }
    peer.ask(100, "relay:1").await;
    peer.ask(101, "relay:3?wait=50").await;
    assert_eq!(peer.answer().await.unwrap().0, 100);
    assert_eq!(peer.answer().await, Some((101, Answer::Missing)));
    source.put(BlobKey::Relay(2), "came");
    for (id, answer) in peer.answers(50).await {
        assert_eq!(answer, Answer::Found(Bytes::from_static(b"came")), "{id}");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_no_request_ends_its_connection_and_no_other() {
    let source = Arc::new(Given::default());
    source.put(BlobKey::Relay(1), "here");
    let server = server(&source, |_| {}).await;
    let mut good = Peer::connect(&server).await;
    let hostile: [&[u8]; 5] = [
        &[0],
        &[7, 1, 2, 3, 4, 5, 6, 7],
        &[0x80; 6],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        b"GET / HTTP/1.1\r\n",
    ];
    for (count, bytes) in hostile.into_iter().enumerate() {
        let mut peer = Peer::connect(&server).await;
        peer.stream.write_all(bytes).await.unwrap();
        if bytes.starts_with(b"GET") {
            // A frame of 71 bytes that is no key: nothing under it. What comes next is none.
            peer.stream.write_all(&[b' '; 56]).await.unwrap();
            assert_eq!(peer.answer().await.unwrap().1, Answer::Missing);
            peer.stream.write_all(&[3]).await.unwrap();
        }
        assert_eq!(peer.answer().await, None);
        good.ask(count as u64, "relay:1").await;
        assert!(good.answer().await.is_some());
    }
    reach(&server, |status| status.hostile == 5 && status.connections == 1).await;
    server.shutdown().await;
}

#[tokio::test]
async fn who_asks_and_closes_its_side_still_gets_what_there_is() {
    let source = Arc::new(Given::default());
    source.put(BlobKey::Relay(1), vec![1; 3_000_000]);
    let server = server(&source, |_| {}).await;
    let mut peer = Peer::connect(&server).await;
    for id in 0..20 {
        peer.ask(id, "relay:1").await;
    }
    peer.ask(20, "relay:2?wait=60000").await;
    peer.stream.shutdown().await.unwrap();
    assert_eq!(peer.answers(20).await.len(), 20);
    assert_eq!(peer.answer().await, None, "nothing is waited for");
    reach(&server, |status| status.answers == 20 && status.connections == 0).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn greedy_readers_who_take_nothing_hold_little_and_are_cut() {
    let source = Arc::new(Given::default());
    for number in 0..32 {
        source.put(BlobKey::Relay(number), vec![number as u8; 1 << 20]);
    }
    source.put(BlobKey::Blocks(0), vec![1; 1000]);
    let total = 8 << 20;
    let server = server(&source, |config| {
        config.total_bytes = total;
        config.patience = Duration::from_secs(3);
    })
    .await;
    let mut greedy = Vec::new();
    for _ in 0..8 {
        let mut peer = Peer::connect(&server).await;
        for number in 0..500 {
            peer.ask(number, &format!("relay:{}", number % 32)).await;
        }
        greedy.push(peer);
    }
    // An honest reader gets its answers meanwhile.
    let mut honest = Peer::connect(&server).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        honest.ask(1, "blocks:0").await;
        assert!(honest.answer().await.is_some());
        assert!(server.status().unsent_bytes <= total as u64, "{:?}", server.status());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    reach(&server, |status| status.too_slow == 8 && status.unsent_bytes == 0).await;
    server.shutdown().await;
}

#[tokio::test]
async fn connections_are_bounded_and_idle_ones_closed() {
    let source = Arc::new(Given::default());
    let server = server(&source, |config| {
        config.connections = 2;
        config.idle = Duration::from_millis(500);
    })
    .await;
    let mut first = Peer::connect(&server).await;
    first.ask(0, "relay:5?wait=1500").await;
    let mut second = Peer::connect(&server).await;
    second.ask(0, "relay:0").await;
    assert!(second.answer().await.is_some());
    let mut third = Peer::connect(&server).await;
    assert_eq!(third.answer().await, None);
    assert_eq!(second.answer().await, None, "idle");
    assert_eq!(first.answer().await, Some((0, Answer::Missing)), "who waits is not idle");
    reach(&server, |status| status.turned_away == 1 && status.connections == 0).await;
    server.shutdown().await;
}

#[tokio::test]
async fn more_requests_than_a_connection_may_have_are_read_later() {
    let source = Arc::new(Given::default());
    source.put(BlobKey::Relay(1), vec![1; 10_000]);
    let server = server(&source, |config| config.connection_requests = 4).await;
    let mut peer = Peer::connect(&server).await;
    for id in 0..2_000 {
        peer.ask(
            id,
            &BlobRequest::Get { key: BlobKey::Relay(1), wait: Duration::ZERO }.to_string(),
        )
        .await;
    }
    let ids: Vec<u64> = peer.answers(2_000).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, (0..2_000).collect::<Vec<_>>());
    server.shutdown().await;
}
