//! The little a test needs to speak to a double.

use prb_devnet::pruntime::proto::{self, PrpcError};
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleHandle};
use prost::Message;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// 200 and a message.
    Ok(Vec<u8>),
    /// Another status and the text of the error message, or of the body if it is none.
    Refused { status: u16, text: String },
    /// The connection broke.
    Broken,
}

impl Reply {
    /// The message of a 200.
    pub(crate) fn ok<T: Message + Default>(&self) -> T {
        match self {
            Reply::Ok(body) => T::decode(&body[..]).expect("an answer of the method's type"),
            other => panic!("expected an answer, got {other:?}"),
        }
    }

    /// The text of a 500.
    pub(crate) fn error(&self) -> &str {
        match self {
            Reply::Refused { status: 500, text } => text,
            other => panic!("expected an application error, got {other:?}"),
        }
    }
}

/// An HTTP client; the library asks for a choice of TLS cryptography even where there is no TLS.
pub(crate) fn http_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// A double with its client.
pub(crate) struct Peer {
    pub(crate) double: DoubleHandle,
    pub(crate) http: reqwest::Client,
}

impl Peer {
    /// A fresh double with these settings.
    pub(crate) async fn start(config: DoubleConfig) -> Self {
        let double = Double::builder(config).build().expect("settings").start().await;
        Self { double: double.expect("a free port"), http: http_client() }
    }

    /// A fresh pRuntime 2.x.
    pub(crate) async fn fresh() -> Self {
        Self::start(DoubleConfig::default()).await
    }

    /// Posts a request message.
    pub(crate) async fn call(&self, method: &str, request: &impl Message) -> Reply {
        self.call_raw(method, request.encode_to_vec()).await
    }

    /// Posts a body as it is.
    pub(crate) async fn call_raw(&self, method: &str, body: Vec<u8>) -> Reply {
        let url = format!("{}/prpc/PhactoryAPI.{method}", self.double.endpoint());
        let sent = self.http.post(url).body(body).send().await;
        let Ok(response) = sent else { return Reply::Broken };
        let status = response.status().as_u16();
        let Ok(body) = response.bytes().await else { return Reply::Broken };
        if status == 200 {
            return Reply::Ok(body.to_vec());
        }
        let text = match PrpcError::decode(&body[..]) {
            Ok(error) => error.message,
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        Reply::Refused { status, text }
    }

    pub(crate) async fn info(&self) -> proto::PhactoryInfo {
        self.call("GetInfo", &proto::Empty {}).await.ok()
    }
}
