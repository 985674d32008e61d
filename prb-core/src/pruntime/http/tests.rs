use std::sync::atomic::{AtomicUsize, Ordering};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Answers each connection with the same bytes, after the request's head and 5 bytes of body;
/// nothing at all if there are no bytes.
async fn worker(answer: Vec<u8>) -> Endpoint {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"hello") {
                connection.read_buf(&mut request).await.unwrap();
            }
            assert!(request.starts_with(b"POST /prpc/PhactoryAPI.DispatchBlocks HTTP/1.1\r\n"));
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
            // The client may have heard enough before the end.
            let _ = connection.write_all(&answer).await;
        }
    });
    endpoint.parse().unwrap()
}

fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn call(endpoint: &Endpoint) -> Result<Bytes, PruntimeError> {
    let config = HttpConfig { max_answer: 1000, ..HttpConfig::default() };
    let transport = HttpTransport::new(&config).unwrap();
    let body = Bytes::from_static(b"hello");
    transport.call(endpoint, Method::DispatchBlocks, body, Duration::from_millis(500)).await
}

/// Answers every request of 5 bytes with what `answer` gives for the connection's number; closes
/// the connection where that is nothing.
async fn lasting(answer: fn(usize) -> Vec<u8>) -> (Endpoint, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let answer = answer(count.fetch_add(1, Ordering::SeqCst));
            tokio::spawn(async move {
                let mut request = Vec::new();
                while connection.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
                    if request.ends_with(b"hello") {
                        request.clear();
                        connection.write_all(&answer).await.unwrap();
                    }
                }
            });
        }
    });
    (endpoint, connections)
}

async fn calls(endpoint: &Endpoint, count: usize) -> Result<(), PruntimeError> {
    let transport = HttpTransport::new(&HttpConfig::default()).unwrap();
    for _ in 0..count {
        let body = Bytes::from_static(b"hello");
        transport.call(endpoint, Method::DispatchBlocks, body, Duration::from_mins(1)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_one_after_the_other_go_over_one_connection() {
    let (endpoint, connections) = lasting(|_| http("200 OK", &vec![7; 300_000])).await;
    calls(&endpoint, 50).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_the_worker_closes_is_not_used_again() {
    let (endpoint, connections) =
        lasting(|_| http("200 OK\r\nconnection: close", b"\x08\x07")).await;
    calls(&endpoint, 3).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_connection_with_more_than_an_answer_is_not_used_again() {
    let (endpoint, connections) =
        lasting(|_| [http("200 OK", b"\x08\x07"), b"more".to_vec()].concat()).await;
    calls(&endpoint, 3).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_resting_connection_is_kept_until_it_is_closed_or_too_old() {
    let pair = async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Box::new(TokioIo::new(near)), listener.accept().await.unwrap().0)
    };
    let [first, second] = ["http://a:1", "http://b:1"].map(|it| it.parse::<Endpoint>().unwrap());
    let resting = Resting::new(Duration::from_hours(1));
    let (near, far) = pair().await;
    resting.put(&first, near);
    assert!(resting.take(&second).is_none());
    let near = resting.take(&first).unwrap();
    assert!(resting.take(&first).is_none(), "one call at a time");
    resting.put(&first, near);
    drop(far);
    // The system tells this end in its own time.
    let mut closed = resting.take(&first);
    while let Some(near) = closed {
        resting.put(&first, near);
        tokio::task::yield_now().await;
        closed = resting.take(&first);
    }

    tokio::time::pause();
    let ((near, _far), (other, mut gone)) = (pair().await, pair().await);
    resting.put(&second, other);
    tokio::time::advance(Duration::from_hours(2)).await;
    resting.put(&first, near);
    assert_eq!(gone.read(&mut [0]).await.unwrap(), 0, "nobody asks for it any more");
    tokio::time::advance(Duration::from_hours(1)).await;
    assert!(resting.take(&first).is_none(), "too old");
}

#[test]
fn a_refusal_is_read_as_a_message_or_as_plain_text() {
    let error = proto::PrpcError { message: "Worker not found".to_owned() };
    assert_eq!(refusal_text(&error.encode_to_vec()), "Worker not found");
    assert_eq!(refusal_text(b"Entity too large"), "Entity too large");
    assert_eq!(refusal_text(b""), "");
    assert_eq!(refusal_text(&[b'x'; 5000]).chars().count(), 2049);
}

#[tokio::test]
async fn an_answer_is_handed_on_as_it_is() {
    let worker = worker(http("200 OK", b"\x08\x07")).await;
    assert_eq!(call(&worker).await.unwrap(), &b"\x08\x07"[..]);
}

#[tokio::test]
async fn every_other_status_carries_the_workers_words() {
    let message = proto::PrpcError { message: "RCU in progress, please".to_owned() };
    let busy = call(&worker(http("500 Internal", &message.encode_to_vec())).await).await;
    assert!(busy.unwrap_err().is_rcu_refusal());
    let large = call(&worker(http("413 Too Large", b"Entity too large")).await).await.unwrap_err();
    assert!(large.is_too_large());
    assert_eq!(large.text(), Some("Entity too large"));
    let elsewhere = http("302 Found\r\nlocation: http://127.0.0.1:1/", b"");
    let elsewhere = call(&worker(elsewhere).await).await.unwrap_err();
    assert!(matches!(elsewhere, PruntimeError::Refused { status: 302, .. }), "{elsewhere}");
}

#[tokio::test]
async fn who_does_not_answer_is_told_from_who_is_not_there() {
    let silent = call(&worker(Vec::new()).await).await.unwrap_err();
    assert!(matches!(silent, PruntimeError::Deadline { .. }), "{silent}");
    // A port that the system gives to nobody.
    let gone = call(&"http://127.0.0.1:1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(gone, PruntimeError::Unreachable { .. }), "{gone}");
    let half = worker(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec()).await;
    let half = call(&half).await.unwrap_err();
    assert!(
        matches!(half, PruntimeError::Unreachable { .. } | PruntimeError::Deadline { .. }),
        "{half}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = call(&worker(http("200 OK", &[0; 5000])).await).await.unwrap_err();
    assert!(matches!(endless, PruntimeError::Malformed { .. }), "{endless}");
}

#[tokio::test]
async fn a_proxy_that_speaks_tls_is_spoken_to_in_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    let greeting = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut record = [0; 3];
        connection.read_exact(&mut record).await.unwrap();
        record
    });
    let refused = call(&endpoint).await.unwrap_err();
    assert!(matches!(refused, PruntimeError::Unreachable { .. }), "{refused}");
    // A handshake record of TLS 1.
    assert_eq!(greeting.await.unwrap()[..2], [0x16, 0x03]);
}
