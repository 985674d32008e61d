//! A service with collateral for the quotes of doubles, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};

use prb_devnet_runtime::attestation::dcap;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const BASE: &str = "/sgx/certification/v4/";

/// The service, as long as the test runs.
pub(super) struct CachingService {
    url: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

impl CachingService {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{BASE}", listener.local_addr().unwrap()).parse().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, heard.clone()));
            }
        });
        Self { url, asked }
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    pub(super) fn was_asked(&self, what: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == what)
    }
}

/// Answers one request after the other.
async fn serve(stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut line) = (String::new(), String::new());
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        while line.trim_end() != "" || line.is_empty() {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let target = first.split(' ').nth(1).unwrap_or_default();
        let what = target.strip_prefix(BASE).unwrap_or_default().to_owned();
        let answer = answer(&what);
        asked.lock().unwrap().push(what);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(what: &str) -> String {
    let collateral = dcap::collateral();
    let signed = |name: &str, text: &str, signature: &[u8]| {
        format!(r#"{{"{name}":{text},"signature":"{}"}}"#, hex::encode(signature))
    };
    let (chain, body) = match what {
        "pckcrl?ca=platform" => (
            Some(("SGX-PCK-CRL-Issuer-Chain", collateral.pck_crl_issuer_chain)),
            collateral.pck_crl,
        ),
        "rootcacrl" => (None, collateral.root_ca_crl),
        "tcb?fmspc=10906AED0000" => (
            Some(("SGX-TCB-Info-Issuer-Chain", collateral.tcb_info_issuer_chain)),
            signed("tcbInfo", &collateral.tcb_info, &collateral.tcb_info_signature),
        ),
        "qe/identity" => (
            Some(("SGX-Enclave-Identity-Issuer-Chain", collateral.qe_identity_issuer_chain)),
            signed("enclaveIdentity", &collateral.qe_identity, &collateral.qe_identity_signature),
        ),
        _ => return "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    let escape = |it: String| -> String {
        it.bytes().flat_map(|byte| ["%".to_owned(), hex::encode([byte])]).collect()
    };
    let chain = chain.map(|(name, value)| format!("{name}: {}\r\n", escape(value)));
    let chain = chain.unwrap_or_default();
    format!("HTTP/1.1 200 OK\r\n{chain}content-length: {}\r\n\r\n{body}", body.len())
}
