//! Asks a caching service for collateral.

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::{Client, Response, StatusCode};
use serde_json::value::RawValue;
use url::Url;

use super::CollateralService;
use super::quote::Platform;
use crate::error::error_chain;
use crate::scale::registration::SgxV30Collateral;

/// Longest answer taken, bytes. Lists of revoked certificates are the longest ones.
const LONGEST: usize = 4 << 20;

const PCK_CRL_CHAIN: &[&str] = &["sgx-pck-crl-issuer-chain"];
/// It has changed its name.
const TCB_INFO_CHAIN: &[&str] = &["sgx-tcb-info-issuer-chain", "tcb-info-issuer-chain"];
const QE_IDENTITY_CHAIN: &[&str] = &["sgx-enclave-identity-issuer-chain"];

/// A client of the service.
pub(super) struct Service {
    client: Client,
    url: Url,
}

/// Why the service gave nothing of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {what}")]
pub(crate) struct ServiceError {
    /// What was asked.
    pub(super) url: String,
    /// What is wrong with it.
    pub(super) what: Fault,
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answers {0}")]
    Status(StatusCode),
    #[error("its answer is longer than {LONGEST} bytes")]
    TooLong,
    #[error("its answer is not text")]
    NotText,
    #[error("its answer has no header {0}")]
    NoChain(&'static str),
    #[error("its answer is not JSON with a signed {0}")]
    NotSigned(&'static str),
}

/// One answer.
struct Answer {
    url: String,
    text: String,
    /// The certificates of who signed it, as PEM.
    chain: String,
}

impl Service {
    /// Connects to nothing yet. Fails if the system gives no resources for a client.
    pub(super) fn new(settings: &CollateralService) -> Result<Self, reqwest::Error> {
        crate::tls::choose_cryptography();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(settings.timeout)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()?;
        Ok(Self { client, url: settings.url.clone() })
    }

    /// All that a verifier needs for quotes of such a machine.
    pub(super) async fn collateral(
        &self,
        platform: &Platform,
    ) -> Result<SgxV30Collateral, ServiceError> {
        let fmspc = hex::encode_upper(platform.fmspc);
        let authority = Some(("ca", platform.authority.name()));
        let pck_crl = self.get(&["pckcrl"], authority, PCK_CRL_CHAIN).await?;
        let root_ca_crl = self.get(&["rootcacrl"], None, &[]).await?;
        let tcb = self.get(&["tcb"], Some(("fmspc", &fmspc)), TCB_INFO_CHAIN).await?;
        let (tcb_info, tcb_info_signature) = tcb.signed("tcbInfo")?;
        let identity = self.get(&["qe", "identity"], None, QE_IDENTITY_CHAIN).await?;
        let (qe_identity, qe_identity_signature) = identity.signed("enclaveIdentity")?;
        Ok(SgxV30Collateral {
            pck_crl_issuer_chain: pck_crl.chain,
            root_ca_crl: root_ca_crl.text,
            pck_crl: pck_crl.text,
            tcb_info_issuer_chain: tcb.chain,
            tcb_info,
            tcb_info_signature,
            qe_identity_issuer_chain: identity.chain,
            qe_identity,
            qe_identity_signature,
        })
    }

    /// Asks for what is at `path`; the issuer's chain is in the first of `headers` that there is.
    async fn get(
        &self,
        path: &[&str],
        query: Option<(&str, &str)>,
        headers: &[&'static str],
    ) -> Result<Answer, ServiceError> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let shown = shown(&url);
        let failed = |what| ServiceError { url: shown.clone(), what };
        let answer = self.client.get(url).send().await;
        let mut answer = answer.map_err(|error| failed(unreachable(error)))?;
        if answer.status() != StatusCode::OK {
            return Err(failed(Fault::Status(answer.status())));
        }
        let chain = chain(&answer, headers).map_err(failed)?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| failed(unreachable(error)))? {
            if body.len() + part.len() > LONGEST {
                return Err(failed(Fault::TooLong));
            }
            body.extend_from_slice(&part);
        }
        let text = String::from_utf8(body).map_err(|_| failed(Fault::NotText))?;
        Ok(Answer { url: shown, text, chain })
    }
}

impl Answer {
    /// What is under `name`, byte by byte as it was signed, and its signature.
    fn signed(&self, name: &'static str) -> Result<(String, Vec<u8>), ServiceError> {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(&self.text).unwrap_or_default();
        let signature = members.get("signature").map(|it| serde_json::from_str::<String>(it.get()));
        let signature = signature.and_then(|it| hex::decode(it.ok()?).ok());
        let signed = members.get(name).map(|it| it.get().to_owned());
        signed
            .zip(signature)
            .ok_or_else(|| ServiceError { url: self.url.clone(), what: Fault::NotSigned(name) })
    }
}

fn chain(answer: &Response, headers: &[&'static str]) -> Result<String, Fault> {
    let Some(first) = headers.first() else { return Ok(String::new()) };
    let header = headers.iter().find_map(|name| answer.headers().get(*name));
    let header = header.and_then(|it| it.to_str().ok()).ok_or(Fault::NoChain(first))?;
    let decoded = percent_decode_str(header).decode_utf8();
    decoded.map(Into::into).map_err(|_| Fault::NoChain(first))
}

/// The URL without what an operator may have put into it to be let in.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

fn unreachable(error: reqwest::Error) -> Fault {
    Fault::Unreachable(error_chain(&error.without_url()))
}
