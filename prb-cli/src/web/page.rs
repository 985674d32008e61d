//! What all pages have in common, and the files they load.

use axum::Router;
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};

/// The files that pages load, by their paths.
pub(super) const STYLE: &str = "/assets/style.css";
pub(super) const SCRIPT: &str = "/assets/live.js";
pub(super) const ICON: &str = "/assets/icon.svg";
/// A header of requests that our script makes.
pub(super) const BY_SCRIPT: &str = "x-prb-script";

/// What is around every page of one set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// What the set is called.
    pub(crate) name: &'static str,
    /// Whether one can log out.
    pub(crate) has_password: bool,
}

/// One page.
pub(crate) struct Page<'a> {
    /// Its title.
    pub(crate) title: &'a str,
    /// Where else to go: addresses and names.
    pub(crate) links: &'a [(&'a str, &'a str)],
    /// Which of these it is.
    pub(crate) here: &'a str,
    /// Where its changes come from.
    pub(crate) live: Option<&'a str>,
    /// What it shows.
    pub(crate) content: Markup,
}

impl Frame {
    /// The page with what is around it.
    pub(crate) fn show(self, page: &Page<'_>) -> Html<String> {
        let body = html! {
            header.top {
                a.brand href="/" { img src=(ICON) alt="" width="26" height="26"; "prb " (self.name) }
                nav aria-label="Pages" {
                    @for (address, name) in page.links {
                        @let here = *address == page.here;
                        a href=(address) aria-current=[here.then_some("page")] { (name) }
                    }
                }
                @if self.has_password {
                    form method="post" action="/logout" { button { "Log out" } }
                }
            }
            p #lost role="status" hidden { "Connection lost; trying again." }
            main { (page.content) }
            div #said role="status" hidden {}
        };
        whole(page.title, page.live, &body)
    }
}

/// A page without anything around its content.
pub(super) fn bare(title: &str, content: &Markup) -> Html<String> {
    whole(title, None, content)
}

fn whole(title: &str, live: Option<&str>, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · prb" }
                link rel="icon" href=(ICON) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE);
                script src=(SCRIPT) defer {}
            }
            body data-live=[live] { (body) }
        }
    };
    Html(page.into_string())
}

/// The files.
pub(super) fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, text: &'static str| {
        get(async move || {
            let head = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")];
            (head, text).into_response()
        })
    };
    Router::new()
        .route(STYLE, file("text/css; charset=utf-8", include_str!("assets/style.css")))
        .route(SCRIPT, file("text/javascript; charset=utf-8", include_str!("assets/live.js")))
        .route(ICON, file("image/svg+xml", include_str!("assets/icon.svg")))
}
