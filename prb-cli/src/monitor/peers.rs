//! Who was found.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use maud::{Markup, html};
use prb_walkie::discovery::boot::{BootNode, BootState};
use prb_walkie::discovery::table::{Peer, Standing};
use prb_walkie::proto::WalkieRoles;

use super::LINKS;
use super::asking::Asking;
use crate::web::live::{self, Part};
use crate::web::page::Page;

const PEERS: &str = "peers";
const PAGE: &str = "page";

pub(super) async fn page(State(asking): State<Arc<Asking>>) -> impl IntoResponse {
    let content = html! {
        h1 { "Peers" }
        div #(PAGE) { (found(&asking)) }
        p.soft.small {
            "This monitor is " span.mono { (asking.walkie.peer_id()) } " among its peers."
        }
    };
    let page = Page { title: "Peers", links: LINKS, here: "/", live: Some("/live/peers"), content };
    asking.frame.show(&page)
}

pub(super) async fn changes(State(asking): State<Arc<Asking>>) -> impl IntoResponse {
    live::changes(move || {
        let parts = vec![Part::new(PEERS, PAGE, found(&asking))];
        async move { parts }
    })
}

fn found(asking: &Asking) -> Markup {
    let peers = asking.walkie.peers();
    let of = |roles: &[WalkieRoles]| -> Vec<Peer> {
        peers.iter().filter(|peer| roles.contains(&peer.role)).cloned().collect()
    };
    let providers = of(&[WalkieRoles::WrDataProviderInt, WalkieRoles::WrDataProviderExt]);
    html! {
        div #(PEERS) {
            (group("Data providers", "providers", &providers))
            (group("Lifecycle managers", "managers", &of(&[WalkieRoles::WrLifecycleManager])))
            (group("Traders", "traders", &of(&[WalkieRoles::WrTrader])))
            (boot_nodes(&asking.walkie.boot_nodes()))
        }
    }
}

fn group(title: &str, place: &str, peers: &[Peer]) -> Markup {
    html! {
        h2 { (title) }
        @if peers.is_empty() { p.soft { "None was found yet." } }
        div.cards { @for peer in peers { (card(place, peer)) } }
    }
}

fn card(place: &str, peer: &Peer) -> Markup {
    let (standing, tone) = match &peer.standing {
        Standing::Live => ("answers", "good"),
        Standing::Lost => ("lost", "bad"),
        Standing::Ignored(_) => ("ignored", "idle"),
    };
    html! {
        article.card {
            h2 {
                a href={ "/" (place) "/" (peer.id) } { (peer.hostname) } " "
                span class={ "tag " (tone) } { (standing) }
            }
            dl {
                dt { "Peer id" } dd.mono { (peer.id) }
                dt { "Address" }
                dd.mono { @for address in peer.addresses.iter().take(2) { div { (address) } } }
                dt { "Chain" } dd.mono title=(peer.chain_identity) { (short(&peer.chain_identity)) }
                dt { "Namespace" } dd { (peer.bridge_identity) }
            }
        }
    }
}

/// The first digits of a hash tell chains apart.
fn short(identity: &str) -> String {
    let begin: String = identity.chars().take(14).collect();
    if begin.len() < identity.len() { format!("{begin}…") } else { begin }
}

fn boot_nodes(nodes: &[BootNode]) -> Markup {
    html! {
        @if !nodes.is_empty() {
            h2 { "Boot nodes" }
            ul.plain.card {
                @for node in nodes {
                    @let (tone, text, why) = match &node.state {
                        BootState::Waiting => ("idle", "to be dialled", ""),
                        BootState::Unreachable(reason) => ("bad", "unreachable", reason.as_str()),
                        BootState::Reached(_) => ("good", "reached", ""),
                        BootState::Unusable(reason) => ("bad", "unusable", reason.as_str()),
                    };
                    li {
                        span class={ "tag " (tone) } { (text) } " " span.mono { (node.text) }
                        @if !why.is_empty() { div.wrong.small { (why) } }
                    }
                }
            }
        }
    }
}
