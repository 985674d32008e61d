//! Whether a request is one that the operator means, and not one that a foreign page made the
//! operator's browser send.
//!
//! A browser sends what any page tells it to, also to loopback. It says truly which page that was
//! (`Origin`, `Sec-Fetch-Site`), and what the page called us (`Host`): a name that its owner
//! pointed at our address gives itself away there.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It calls us by a name that is not ours.
    Host,
    /// It comes from a foreign page.
    Page,
    /// A change takes POST.
    Method,
    /// A change takes a body of JSON.
    ContentType,
}

impl Refusal {
    /// What it is in HTTP.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Page => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// For people.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Host => {
                "this host is not called so; if it is, allow the name when starting, or set a \
                 password"
            }
            Self::Page => "this comes from a page of another site",
            Self::Method => "what changes something takes POST",
            Self::ContentType => "what changes something takes Content-Type: application/json",
        }
    }
}

/// Names under which something may be reached.
#[derive(Clone, Debug)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// This host's own name, and others.
    pub(crate) fn new(own: &str, others: &[String]) -> Self {
        let own = own.to_ascii_lowercase();
        let mut names = vec!["localhost".to_owned(), format!("{own}.local"), own];
        names.extend(others.iter().map(|name| name.to_ascii_lowercase()));
        Self(names)
    }

    /// Addresses cannot be pointed elsewhere, names can.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = host(headers).ok_or(Refusal::Host)?.to_ascii_lowercase();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &host,
        };
        let address = name.trim_start_matches('[').trim_end_matches(']');
        if address.parse::<IpAddr>().is_ok() || self.0.iter().any(|known| known == name) {
            Ok(())
        } else {
            Err(Refusal::Host)
        }
    }
}

/// Whether a request may change something.
pub(crate) fn may_change(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if method != Method::POST {
        return Err(Refusal::Method);
    }
    let is_json = text(headers, header::CONTENT_TYPE).is_some_and(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(Refusal::ContentType);
    }
    is_own_page(headers)
}

/// Whether no page sent it, or one of ours.
pub(crate) fn is_own_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let own_site = site.is_none_or(|site| matches!(site, b"same-origin" | b"none"));
    let own_origin = match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            let named = origin.split_once("://").map(|(_, named)| named);
            named.zip(host(headers)).is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
        }
    };
    if own_site && own_origin { Ok(()) } else { Err(Refusal::Page) }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    text(headers, header::HOST)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    const HOST: (&str, &str) = ("host", "10.0.0.1:3000");
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn a_command_line_may_change_things_and_a_foreign_page_may_not() {
        let post = |lines: &[_]| may_change(&Method::POST, &headers(lines));
        assert_eq!(post(&[HOST, JSON]), Ok(()));
        let own = ("origin", "http://10.0.0.1:3000");
        assert_eq!(post(&[HOST, JSON, own, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(post(&[HOST]), Err(Refusal::ContentType));
        for form in ["text/plain", "application/x-www-form-urlencoded", "text/application/json"] {
            assert_eq!(post(&[HOST, ("content-type", form)]), Err(Refusal::ContentType));
        }
        for site in ["cross-site", "same-site", ""] {
            assert_eq!(post(&[HOST, JSON, ("sec-fetch-site", site)]), Err(Refusal::Page), "{site}");
        }
        for origin in ["null", "http://10.0.0.1", "http://10.0.0.1:3001", "http://a.example", ""] {
            assert_eq!(post(&[HOST, JSON, ("origin", origin)]), Err(Refusal::Page), "{origin}");
        }
        assert_eq!(may_change(&Method::GET, &headers(&[HOST, JSON])), Err(Refusal::Method));
    }

    #[test]
    fn a_name_that_somebody_points_at_us_is_refused() {
        let hosts = Hosts::new("Bridge1", &["monitor.example".to_owned()]);
        let check = |host: &str| hosts.check(&headers(&[("host", host)]));
        for ours in [
            "localhost:3000",
            "127.0.0.1",
            "[::1]:3000",
            "[2001:db8::1]",
            "bridge1:3000",
            "BRIDGE1.local",
            "monitor.example",
        ] {
            assert_eq!(check(ours), Ok(()), "{ours}");
        }
        for foreign in ["evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", ""]
        {
            assert_eq!(check(foreign), Err(Refusal::Host), "{foreign}");
        }
        assert_eq!(hosts.check(&HeaderMap::new()), Err(Refusal::Host));
    }
}
