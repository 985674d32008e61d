//! What every page of prb stands on: connections, who may come in, and what browsers are told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;

mod admission;
mod browser;
pub(crate) mod change;
pub(crate) mod guard;
pub(crate) mod live;
mod login;
pub(crate) mod page;
mod password;
pub(crate) mod recent;
pub(crate) mod server;
mod sessions;
pub(crate) mod time;

pub(crate) use guard::Hosts;
use page::Frame;
use password::Password;
use server::Limits;

use crate::args::PagesArgs;
use crate::services::hostname;
use crate::shutdown::Stack;

/// Most bytes of a request's body.
const BODY: usize = 1 << 20;
/// Browsers keep some connections open, and one for each page that is looked at.
const LIMITS: Limits = Limits { connections: 256, keep_alive: true, life: Duration::from_mins(10) };

/// Who may use pages, and where they are.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// What it is called, in its title and its cookie.
    pub(crate) name: &'static str,
    /// Where to listen instead of on loopback, or with a password everywhere.
    pub(crate) listen: Option<SocketAddr>,
    /// The port, where `listen` says none.
    pub(crate) port: u16,
    /// File of the password that those who come must know.
    pub(crate) password_file: Option<PathBuf>,
    /// Names it may be reached by, besides addresses and those of this host.
    pub(crate) hosts: Vec<String>,
}

impl Settings {
    /// As the arguments have it.
    pub(crate) fn new(name: &'static str, args: &PagesArgs) -> Self {
        Self {
            name,
            listen: args.listen,
            port: args.port,
            password_file: args.password_file.clone(),
            hosts: args.host.clone(),
        }
    }

    fn address(&self) -> SocketAddr {
        let host = match self.password_file {
            Some(_) => Ipv4Addr::UNSPECIFIED,
            None => Ipv4Addr::LOCALHOST,
        };
        self.listen.unwrap_or(SocketAddr::new(IpAddr::V4(host), self.port))
    }

    /// What is around its pages.
    pub(crate) fn frame(&self) -> Frame {
        Frame { name: self.name, has_password: self.password_file.is_some() }
    }

    /// Listens.
    pub(crate) async fn bind(&self) -> Result<TcpListener> {
        let address = self.address();
        let listener = TcpListener::bind(address).await;
        listener.with_context(|| format!("cannot listen at {address}"))
    }

    /// Serves `pages` to those who may see them until stopped. Where that is.
    pub(crate) fn serve_on(
        &self,
        listener: TcpListener,
        pages: Router,
        stack: &mut Stack,
    ) -> Result<SocketAddr> {
        let address = listener.local_addr()?;
        let password = self.password_file.as_deref().map(Password::load).transpose()?;
        if password.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                "everybody who reaches {address} may use the {}: it has no password",
                self.name
            );
        }
        let hosts = Hosts::new(&hostname(), &self.hosts);
        let admission = Arc::new(admission::Admission::new(self.name, password, hosts));
        let pages = pages
            .merge(login::pages(Arc::clone(&admission)))
            .layer(middleware::from_fn_with_state(admission, admission::admit))
            .layer(DefaultBodyLimit::max(BODY))
            .layer(middleware::from_fn(browser::confine));
        server::serve(listener, pages, LIMITS, self.name, stack);
        tracing::info!("the {} is at http://{address}", self.name);
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_without_saying() {
        let settings = Settings {
            name: "monitor",
            listen: None,
            port: 3000,
            password_file: None,
            hosts: Vec::new(),
        };
        assert_eq!(settings.address(), "127.0.0.1:3000".parse().unwrap());
        let guarded = Settings { password_file: Some("x".into()), ..settings.clone() };
        assert_eq!(guarded.address(), "0.0.0.0:3000".parse().unwrap());
        let told = Settings { listen: Some("192.0.2.1:80".parse().unwrap()), ..settings };
        assert_eq!(told.address(), "192.0.2.1:80".parse().unwrap());
    }
}
