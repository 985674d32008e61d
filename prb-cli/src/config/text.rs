//! Values of settings as they are shown.

use serde_json::{Value, json};

use super::layers::Origin;
use super::resolve::Resolved;
use super::set;
use super::setting::{Kind, Setting};

/// What stands for what is not shown.
const HIDDEN: &str = "…";

impl Resolved<'_> {
    /// Its value, without what may be secret.
    pub(super) fn json(&self) -> Value {
        // A default is no secret.
        let secret = self.setting.may_be_secret() && self.origin != Origin::Default;
        let show = |text: &str| if secret { redacted(text) } else { text.to_owned() };
        self.value.as_deref().map_or(Value::Null, |value| typed(&self.setting, value, show))
    }
}

/// The default of a setting in JSON, if it has one.
pub(super) fn default(setting: &Setting<'_>) -> Option<Value> {
    setting.default().map(|default| value(setting, &default))
}

/// A value of a setting in JSON. It stands in TOML just so.
pub(super) fn value(setting: &Setting<'_>, text: &str) -> Value {
    typed(setting, text, str::to_owned)
}

/// A value of a setting in JSON, its texts as `show` shows them.
fn typed(setting: &Setting<'_>, value: &str, show: impl Fn(&str) -> String) -> Value {
    match Kind::of(setting.arg) {
        Kind::Boolean => json!(set::means_yes(value)),
        Kind::Integer => value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number)),
        Kind::Text => json!(show(value)),
        Kind::List => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            json!(items.map(show).collect::<Vec<_>>())
        }
    }
}

/// Where a URL leads, without credentials, path and query, in which tokens stand.
fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return HIDDEN.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, more) = rest.split_at(end);
    let (credentials, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let before = if credentials.is_empty() { "" } else { "…@" };
    let after = if more.len() > 1 { "/…" } else { more };
    format!("{scheme}://{before}{host}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_left_out() {
        let cases = [
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("redis://127.0.0.1:63792/", "redis://127.0.0.1:63792/"),
            ("redis://:hush@h:1/0", "redis://…@h:1/…"),
            ("wss://node/ws?apikey=hush", "wss://node/…"),
            ("wss://node?apikey=hush", "wss://node/…"),
            ("https://hooks/hush/hush", "https://hooks/…"),
            ("s3://bucket/prefix?region=x", "s3://bucket/…"),
            ("redis://a@b:hu@sh@h", "redis://…@h"),
            ("hush", "…"),
        ];
        for (url, expected) in cases {
            assert_eq!(redacted(url), expected, "{url}");
        }
    }
}
