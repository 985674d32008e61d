//! A signing account, as its trader tells of it.

use maud::{Markup, html};
use prb_core::trader::PublishedAccount;

use crate::trader::{notes, pha};

pub(super) fn card(account: &PublishedAccount) -> Markup {
    let pools: Vec<_> = account.pools.iter().map(ToString::to_string).collect();
    html! {
        article.card {
            p.mono { (account.account) }
            dl {
                dt { "Balance" }
                dd {
                    (account.balance.as_deref().map_or_else(|| "–".to_owned(), pha)) " "
                    @if account.low_balance { span.tag.bad { "low" } }
                }
                dt { "Pools" } dd { (pools.join(", ")) }
                dt { "Nonce" } dd { (account.nonce.map_or_else(|| "–".to_owned(), |it| it.to_string())) }
                dt { "In flight" } dd { (account.in_flight) }
                dt { "Waiting" } dd { (account.pending) }
                @for proxied in &account.proxied {
                    dt { "Proxy for" }
                    dd {
                        span.mono { (proxied.account) }
                        @if !proxied.kinds.is_empty() { " (" (proxied.kinds.join(", ")) ")" }
                    }
                }
            }
            @for note in notes(account) { p.wrong.small { (note) } }
        }
    }
}
