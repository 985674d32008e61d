use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::super::{NoticeKind, NoticeWorker};
use super::*;

const SECRET: &[u8] = b"a secret that two share";

/// What came, and with which code it was answered.
#[derive(Clone, Default)]
struct Receiver {
    codes: Arc<Mutex<VecDeque<u16>>>,
    came: Arc<Mutex<Vec<Post>>>,
}

struct Post {
    timestamp: String,
    signature: String,
    body: Vec<u8>,
}

impl Receiver {
    /// Listens; answers with these codes, and then with 200.
    async fn start(codes: &[u16]) -> (Self, Url) {
        let receiver = Self::default();
        receiver.codes.lock().unwrap().extend(codes);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
        let serving = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let receiver = serving.clone();
                let service = service_fn(move |request| receiver.clone().take(request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        (receiver, url)
    }

    async fn take(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<Empty<bytes::Bytes>>, Infallible> {
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/hook"));
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        let (timestamp, signature) = (header(TIMESTAMP_HEADER), header(SIGNATURE_HEADER));
        let body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
        self.came.lock().unwrap().push(Post { timestamp, signature, body });
        let code = self.codes.lock().unwrap().pop_front().unwrap_or(200);
        Ok(Response::builder().status(code).body(Empty::new()).unwrap())
    }
}

fn notice(message: &str) -> Notice {
    Notice {
        id: Uuid::new_v4(),
        at: 7,
        kind: NoticeKind::Offline,
        message: message.to_owned(),
        worker: Some(NoticeWorker { uuid: Uuid::from_u128(1), name: "w".to_owned(), pid: 2 }),
        counts: None,
    }
}

async fn post(url: Url, notices: Vec<Notice>) {
    let webhook = Webhook::new(url, WebhookSecret::new(SECRET).unwrap());
    let (waiting, receiver) = mpsc::channel(8);
    for notice in notices {
        waiting.send(notice).await.unwrap();
    }
    drop(waiting);
    Poster::new(webhook).unwrap().run(receiver).await;
}

#[tokio::test]
async fn what_is_refused_for_now_is_posted_again_and_what_is_refused_for_good_is_not() {
    let (receiver, url) = Receiver::start(&[503, 429, 200, 400]).await;
    let notices = vec![notice("first"), notice("second"), notice("third")];
    post(url, notices.clone()).await;
    let came = receiver.came.lock().unwrap();
    let ids: Vec<Uuid> = came
        .iter()
        .map(|post| {
            let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
            body["id"].as_str().unwrap().parse().unwrap()
        })
        .collect();
    let [first, second, third] = [0, 1, 2].map(|index: usize| notices[index].id);
    assert_eq!(ids, [first, first, first, second, third]);
}

#[tokio::test]
async fn a_receiver_can_prove_who_sent_it_and_when() {
    let (receiver, url) = Receiver::start(&[]).await;
    post(url, vec![notice("gone")]).await;
    let came = receiver.came.lock().unwrap();
    let Post { timestamp, signature, body } = &came[0];
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    let proof = hex::decode(signature.strip_prefix("v1=").unwrap()).unwrap();
    mac.verify_slice(&proof).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now - timestamp.parse::<u64>().unwrap() < 60);
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["kind"], "offline");
    assert_eq!(body["message"], "gone");
    assert_eq!(body["worker"]["name"], "w");
    assert!(body.get("counts").is_none());
}

#[test]
fn a_signature_is_as_others_compute_it() {
    // printf '1700000000.{}' | openssl dgst -sha256 -hmac '0123456789abcdef'
    let secret = WebhookSecret::new(b" 0123456789abcdef\n").unwrap();
    assert_eq!(
        secret.signature("1700000000", b"{}"),
        "v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e"
    );
    assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
    assert_eq!(WebhookSecret::new(b"short").unwrap_err(), SecretLength(5));
}
