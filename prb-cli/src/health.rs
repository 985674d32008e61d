//! `prb health`: whether a service of this host lives, for whoever restarts it if not.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;
use clap::ValueEnum;
use http::Request;
use http_body_util::Full;

use crate::args::{Asked, HealthArgs, Listen};
use crate::services::{DATA_PROVIDER, LIFECYCLE, TRADER};
use crate::{Failure, http_client, process};

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
    let question = question(args, module.as_deref())?;
    process::block_on(async {
        let request = Request::get(question.path).body(Full::default())?;
        let answer = http_client::ask(&question.at.to_string(), request, PATIENCE).await?;
        let fine =
            answer.status.is_success() || question.any_answer && !answer.status.is_server_error();
        if fine {
            writeln!(io::stdout(), "ok")?;
            return Ok(());
        }
        let said = String::from_utf8_lossy(&answer.body);
        Err(Failure::Failed(anyhow!("{} answers {}: {}", question.at, answer.status, said.trim())))
    })
}

fn question(args: &HealthArgs, module: Option<&str>) -> Result<Question, Failure> {
    let named = || module.and_then(|module| Asked::from_str(module, false).ok());
    let service = args.service.or_else(named).ok_or_else(|| {
        Failure::Usage("say which service: --service NAME, or PHALA_MODULE".to_owned())
    })?;
    let (port, page) = match service {
        Asked::DataProvider => (DATA_PROVIDER.admin_port, false),
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
    Ok(Question { at, path, any_answer: page })
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
            question(&HealthArgs { service, at, ready }, Some("trade"))
        };
        let asked = of(Asked::Trader, None, false).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.path), ("127.0.0.1:9463", "/livez"));
        let asked = of(Asked::Lifecycle, Some("0.0.0.0:1"), true).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.path), ("127.0.0.1:1", "/readyz"));
        let asked = of(Asked::Monitor, Some("[::]:7"), true).unwrap();
        assert_eq!((asked.at.to_string().as_str(), asked.any_answer), ("[::1]:7", true));
        assert!(matches!(of(Asked::Trader, Some("off"), false), Err(Failure::Usage(_))));
        // As version 2 was told so what to run.
        let args = HealthArgs { service: None, at: None, ready: false };
        assert_eq!(question(&args, Some("data_provider")).unwrap().at.port(), 9461);
        assert_eq!(question(&args, Some("utils/arena")).unwrap().at.port(), 4567);
        assert!(matches!(question(&args, None), Err(Failure::Usage(_))));
    }
}
