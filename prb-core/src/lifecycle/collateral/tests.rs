use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use reqwest::StatusCode;
use tokio::net::TcpListener;

use super::quote::Authority;
use super::service::Fault;
use super::*;

const KIND: [u8; 6] = [0x00, 0xa0, 0x65, 0x51, 0x00, 0xff];

/// What the service answers, by what it is asked; else that it has not got it.
type Answers = fn(&str) -> Response<Full<Bytes>>;

/// A caching service; how often it was asked.
async fn serve(answers: Answers) -> (CollateralService, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sgx/certification/v4/", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = count.clone();
            let answer = move |request: Request<Incoming>| {
                count.fetch_add(1, Ordering::SeqCst);
                let target = request.uri().to_string();
                let path = target.strip_prefix("/sgx/certification/v4/").unwrap_or("elsewhere");
                std::future::ready(Ok::<_, Infallible>(answers(path)))
            };
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer)),
            );
        }
    });
    (CollateralService::new(url.parse().unwrap()), asked)
}

fn answer(status: u16, chain: Option<(&str, &str)>, body: &'static str) -> Response<Full<Bytes>> {
    let mut answer = Response::builder().status(status);
    if let Some((name, value)) = chain {
        answer = answer.header(name, value);
    }
    answer.body(Full::from(body)).unwrap()
}

/// All that there is, in the words of the service.
fn good(path: &str) -> Response<Full<Bytes>> {
    match path {
        "pckcrl?ca=processor" => {
            let chain = Some(("SGX-PCK-CRL-Issuer-Chain", "pck%20crl%0Achain%2B+"));
            answer(200, chain, "30820a")
        }
        "rootcacrl" => answer(200, None, "308201"),
        "tcb?fmspc=00A0655100FF" => {
            let body = r#"{"signature":"0a0b", "tcbInfo": {"z":1, "a": [ ]} }"#;
            answer(200, Some(("TCB-Info-Issuer-Chain", "tcb%20chain")), body)
        }
        "qe/identity" => {
            let body = r#"{"enclaveIdentity":{"id":"QE"},"signature":"0c"}"#;
            answer(200, Some(("SGX-Enclave-Identity-Issuer-Chain", "qe%20chain")), body)
        }
        _ => answer(404, None, "no such thing"),
    }
}

fn complete() -> SgxV30Collateral {
    SgxV30Collateral {
        pck_crl_issuer_chain: "pck crl\nchain++".to_owned(),
        root_ca_crl: "308201".to_owned(),
        pck_crl: "30820a".to_owned(),
        tcb_info_issuer_chain: "tcb chain".to_owned(),
        tcb_info: r#"{"z":1, "a": [ ]}"#.to_owned(),
        tcb_info_signature: vec![0x0a, 0x0b],
        qe_identity_issuer_chain: "qe chain".to_owned(),
        qe_identity: r#"{"id":"QE"}"#.to_owned(),
        qe_identity_signature: vec![0x0c],
    }
}

const PROCESSOR: &str = include_str!("tests/processor.pem");
const PLATFORM: &str = include_str!("tests/platform.pem");

/// A quote with certification data of this type.
fn quote(kind: u16, chain: &str) -> Vec<u8> {
    let mut signed = vec![7; 576];
    signed.extend(3_u16.to_le_bytes());
    signed.extend([8; 3]);
    signed.extend(kind.to_le_bytes());
    signed.extend((chain.len() as u32).to_le_bytes());
    signed.extend(chain.as_bytes());
    let mut quote = vec![3, 0];
    quote.resize(432, 1);
    quote.extend((signed.len() as u32).to_le_bytes());
    [quote, signed].concat()
}

fn report(collateral: Option<Collateral>) -> Vec<u8> {
    Some(AttestationReport::SgxDcap { quote: quote(5, PROCESSOR), collateral }).encode()
}

#[test]
fn a_quote_tells_which_machine_made_it_and_who_signed_for_that() {
    for (chain, authority) in [(PROCESSOR, Authority::Processor), (PLATFORM, Authority::Platform)] {
        assert_eq!(platform(&quote(5, chain)), Ok(Platform { fmspc: KIND, authority }));
    }
}

#[test]
fn a_quote_that_is_not_understood_says_why() {
    assert_eq!(platform(&[]), Err(QuoteError::Short));
    assert_eq!(platform(&[4, 0, 9]), Err(QuoteError::Version(4)));
    let whole = quote(5, PROCESSOR);
    for length in 2..whole.len() {
        assert_eq!(platform(&whole[..length]), Err(QuoteError::Short), "{length}");
    }
    assert_eq!(platform(&quote(1, PROCESSOR)), Err(QuoteError::NoChain(1)));
    let none = platform(&quote(5, "no certificate"));
    assert!(matches!(none, Err(QuoteError::Certificates(_))), "{none:?}");
    // Who signed for the machine has no FMSPC.
    let (_, signer) = PROCESSOR.split_once("-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(platform(&quote(5, signer)), Err(QuoteError::NoFmspc));
}

#[tokio::test]
async fn a_quote_gets_its_collateral_as_the_service_words_it_and_once_for_all() {
    let (settings, asked) = serve(good).await;
    let collaterals = Collaterals::new(Some(&settings)).unwrap();
    let incomplete = report(None);
    let completed = collaterals.complete(&incomplete).await.unwrap();
    assert_eq!(completed, report(Some(Collateral::SgxV30(complete()))));
    let others = futures::future::join_all((0..5).map(|_| collaterals.complete(&incomplete)));
    assert!(others.await.into_iter().all(|other| other == Ok(completed.clone())));
    assert_eq!(asked.load(Ordering::SeqCst), 4, "four parts");
}

#[tokio::test]
async fn nobody_is_asked_for_a_report_that_lacks_nothing() {
    let collaterals = Collaterals::new(None).unwrap();
    let ias = AttestationReport::SgxIas {
        ra_report: vec![1],
        signature: vec![2],
        raw_signing_cert: vec![3],
    };
    let whole = report(Some(Collateral::SgxV30(complete())));
    for report in [None::<AttestationReport>.encode(), Some(ias).encode(), whole] {
        assert_eq!(collaterals.complete(&report).await, Ok(report.clone()));
    }
    assert_eq!(collaterals.complete(&[9]).await, Err(CollateralError::Report));
    assert_eq!(collaterals.complete(&report(None)).await, Err(CollateralError::NoService));
}

#[tokio::test]
async fn an_answer_that_is_no_collateral_never_becomes_one() {
    let faulty: [(Answers, Fault); 6] = [
        (
            |path| if path == "rootcacrl" { answer(503, None, "later") } else { good(path) },
            Fault::Status(StatusCode::SERVICE_UNAVAILABLE),
        ),
        (|_| answer(302, None, ""), Fault::Status(StatusCode::FOUND)),
        (|_| answer(200, None, "30820a"), Fault::NoChain("sgx-pck-crl-issuer-chain")),
        (
            |path| match path {
                "tcb?fmspc=00A0655100FF" => {
                    answer(200, Some(("TCB-Info-Issuer-Chain", "")), "<html>")
                }
                path => good(path),
            },
            Fault::NotSigned("tcbInfo"),
        ),
        (
            |path| match path {
                "qe/identity" => {
                    let body = r#"{"enclaveIdentity":{},"signature":"no hex"}"#;
                    answer(200, Some(("SGX-Enclave-Identity-Issuer-Chain", "")), body)
                }
                path => good(path),
            },
            Fault::NotSigned("enclaveIdentity"),
        ),
        (
            |path| match path {
                "rootcacrl" => {
                    let endless = Bytes::from(vec![b'0'; (4 << 20) + 1]);
                    Response::new(Full::new(endless))
                }
                path => good(path),
            },
            Fault::TooLong,
        ),
    ];
    for (answers, fault) in faulty {
        let (settings, asked) = serve(answers).await;
        let collaterals = Collaterals::new(Some(&settings)).unwrap();
        let error = collaterals.complete(&report(None)).await.unwrap_err();
        assert!(
            matches!(&error, CollateralError::Service(ServiceError { what, .. }) if *what == fault),
            "{error}"
        );
        let before = asked.load(Ordering::SeqCst);
        assert_eq!(collaterals.complete(&report(None)).await, Err(error));
        assert_eq!(asked.load(Ordering::SeqCst), before, "not asked again at once");
    }
}

#[tokio::test]
async fn what_lets_an_operator_in_is_not_shown() {
    let url = "http://user:word@127.0.0.1:1/v4?token=word".parse().unwrap();
    let collaterals = Collaterals::new(Some(&CollateralService::new(url))).unwrap();
    let error = collaterals.complete(&report(None)).await.unwrap_err().to_string();
    assert!(error.contains("http://127.0.0.1:1/v4/pckcrl: cannot be reached"), "{error}");
    assert!(!error.contains("word"), "{error}");
}
