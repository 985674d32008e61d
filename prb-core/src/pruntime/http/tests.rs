use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = call(&format!("http://{closed}").parse().unwrap()).await.unwrap_err();
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
