//! `prb health`: whether a service of this host lives, for whoever restarts it if not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;
use clap::ValueEnum;
use futures::future::join_all;
use http::Request;
use http_body_util::Full;
use serde_json::json;

use crate::args::{Asked, HealthArgs, Listen, Place};
use crate::output::answer;
use crate::services::{DATA_PROVIDER, LIFECYCLE, TRADER};
use crate::{Failure, exit, http_client, process};

/// A service that takes longer to say that it lives does not.
const PATIENCE: Duration = Duration::from_secs(4);

/// What is asked of a service.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    at: SocketAddr,
    path: &'static str,
    /// Pages may ask for a password or send elsewhere: whoever answers so lives.
    any_answer: bool,
}

/// `prb health`.
pub(crate) fn run(args: &HealthArgs) -> Result<(), Failure> {
    let module = std::env::var("PHALA_MODULE").ok();
    let questions = questions(args, module.as_deref())?;
    process::block_on(async {
        let answers = join_all(questions.iter().map(ask)).await;
        let reasons: Vec<_> =
            answers.into_iter().flat_map(|it| exit::reasons(it.map_err(Failure::from))).collect();
        let asked = questions.iter().map(|it| format!("http://{}{}", it.at, it.path));
        let told = json!({
            "healthy": reasons.is_empty(),
            "asked": asked.collect::<Vec<_>>(),
            "reasons": reasons,
        });
        if args.json || reasons.is_empty() {
            answer(args.json, &told, "ok")?;
        }
        if reasons.is_empty() { Ok(()) } else { Err(Failure::Unmet(reasons)) }
    })
}

/// Whether the answer is that all is well.
async fn ask(question: &Question) -> anyhow::Result<()> {
    let request = Request::get(question.path).body(Full::default())?;
    let answer = http_client::ask(&question.at.to_string(), request, PATIENCE).await?;
    if answer.status.is_success() || question.any_answer && !answer.status.is_server_error() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.body);
    Err(anyhow!("{} answers {}: {}", question.at, answer.status, said.trim()))
}

fn questions(args: &HealthArgs, module: Option<&str>) -> Result<Vec<Question>, Failure> {
    let named = || module.and_then(|module| Asked::from_str(module, false).ok());
    let service = args.service.or_else(named).ok_or_else(|| {
        Failure::Usage("say which service: --service NAME, or PHALA_MODULE".to_owned())
    })?;
    let (port, page) = match service {
        Asked::All | Asked::DataProvider => (DATA_PROVIDER.admin_port, false),
        Asked::Lifecycle => (LIFECYCLE.admin_port, false),
        Asked::Trader => (TRADER.admin_port, false),
        Asked::Monitor => (3000, true),
        Asked::QueuePage => (4567, true),
    };
    let at = match args.at {
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Some(Listen::At(address)) => here(address),
        Some(Listen::Off) => {
            return Err(Failure::Usage("nobody can ask a service that serves no health".into()));
        }
    };
    let path = match (page, args.ready) {
        (true, _) => "/",
        (false, false) => "/livez",
        (false, true) => "/readyz",
    };
    let question = |at| Question { at, path, any_answer: page };
    let mut questions = vec![question(at)];
    if service == Asked::All
        && let Listen::At(next) = Listen::At(at).further(Place::Manager as u16)
    {
        questions.push(question(next));
    }
    Ok(questions)
}

/// Who listens on all interfaces is asked on loopback.
fn here(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_asked_where_it_is_watched() {
        let of = |service, at: Option<&str>, ready| {
            let (service, at) = (Some(service), at.map(|at| at.parse().unwrap()));
            let asked = questions(&HealthArgs { service, at, ready, json: false }, Some("trade"))?;
            assert_eq!(asked.len(), 1);
            asked.into_iter().next().ok_or_else(|| Failure::Usage(String::new()))
        };
        let asked = of(Asked::Trader, None, false).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.path), ("127.0.0.1:9463", "/livez"));
        let asked = of(Asked::Lifecycle, Some("0.0.0.0:1"), true).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.path), ("127.0.0.1:1", "/readyz"));
        let asked = of(Asked::Monitor, Some("[::]:7"), true).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.any_answer), ("[::1]:7", true));
        assert!(matches!(of(Asked::Trader, Some("off"), false), Err(Failure::Usage(_))));
        // As version 2 was told so what to run.
        let args = HealthArgs { service: None, at: None, ready: false, json: false };
        let ports = |module: &str| {
            let asked = questions(&args, Some(module)).unwrap();
            asked.iter().map(|it| it.at.port()).collect::<Vec<_>>()
        };
        assert_eq!(ports("data_provider"), [9461]);
        assert_eq!(ports("utils/arena"), [4567]);
        assert_eq!(ports("all"), [9461, 9462]);
        assert!(matches!(questions(&args, None), Err(Failure::Usage(_))));
    }
}
