//! Pages that stay true: the parts that changed are sent to the browser as they come.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::{Stream, StreamExt, stream};
use maud::Markup;
use serde_json::{Value, json};

/// How often a page is looked at anew.
const LOOK: Duration = Duration::from_secs(1);
/// A browser is sent away before its connection ends, which it would call an error; it comes back
/// by itself.
const STAY: Duration = Duration::from_mins(9);

/// A part of a page: one element, which is replaced as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The id of the element.
    pub(crate) id: String,
    /// The id of the one it is in.
    pub(crate) within: &'static str,
    /// The element.
    pub(crate) html: String,
}

impl Part {
    pub(crate) fn new(id: impl Into<String>, within: &'static str, html: Markup) -> Self {
        Self { id: id.into(), within, html: html.into_string() }
    }
}

/// What a browser shows, as a value: it says what to change.
#[derive(Debug, Default)]
struct Shown {
    parts: HashMap<String, u64>,
    begun: bool,
}

impl Shown {
    /// What is to be put and what is to go, if anything. The first time that is everything, and
    /// all else goes.
    fn change(&mut self, parts: Vec<Part>) -> Option<Value> {
        let mut seen = HashMap::with_capacity(parts.len());
        let mut put = Vec::new();
        for Part { id, within, html } in parts {
            let mut hasher = DefaultHasher::new();
            html.hash(&mut hasher);
            let hash = hasher.finish();
            if self.parts.get(&id) != Some(&hash) {
                put.push(json!({ "id": id, "within": within, "html": html }));
            }
            seen.insert(id, hash);
        }
        let gone: Vec<_> =
            self.parts.keys().filter(|id| !seen.contains_key(*id)).cloned().collect();
        self.parts = seen;
        let all = !std::mem::replace(&mut self.begun, true);
        (all || !put.is_empty() || !gone.is_empty())
            .then(|| json!({ "all": all, "put": put, "gone": gone }))
    }
}

/// The changes of a page, as long as its browser looks.
pub(crate) fn changes<F>(
    parts: impl FnMut() -> F + Send + 'static,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>>
where
    F: Future<Output = Vec<Part>> + Send,
{
    let events = stream::unfold((Shown::default(), parts), async |(mut shown, mut parts)| {
        loop {
            let first = !shown.begun;
            if !first {
                tokio::time::sleep(LOOK).await;
            }
            if let Some(change) = shown.change(parts().await) {
                let event = Event::default().data(change.to_string());
                return Some((Ok(event), (shown, parts)));
            }
        }
    });
    Sse::new(events.take_until(Box::pin(tokio::time::sleep(STAY)))).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, html: &str) -> Part {
        Part { id: id.into(), within: "rows", html: html.into() }
    }

    #[test]
    fn what_changed_is_sent_and_nothing_else() {
        let mut shown = Shown::default();
        assert_eq!(
            shown.change(Vec::new()).unwrap(),
            json!({ "all": true, "put": [], "gone": [] }),
            "what an earlier connection left is to go"
        );
        let put = |id: &str, html: &str| json!({ "id": id, "within": "rows", "html": html });
        let change = shown.change(vec![part("a", "1"), part("b", "1")]).unwrap();
        assert_eq!(change["put"], json!([put("a", "1"), put("b", "1")]));
        assert!(shown.change(vec![part("a", "1"), part("b", "1")]).is_none());
        let change = shown.change(vec![part("a", "2")]).unwrap();
        assert_eq!(change, json!({ "all": false, "put": [put("a", "2")], "gone": ["b"] }));
    }
}
