//! `prb peer list`.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use futures::future::join_all;
use prb_walkie::discovery::boot::BootState;
use prb_walkie::discovery::table::Peer;
use prb_walkie::node::Walkie;
use prb_walkie::proto::{AuthStatus, WalkieRoles, WalkieSystemInfo};
use serde_json::{Value, json};
use tonic::Request;

use super::client::node;
use crate::Failure;
use crate::args::ListArgs;
use crate::output::answer;
use crate::view::text::single_line;

/// How long a peer may take to say what we may do there.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(args: &ListArgs) -> Result<(), Failure> {
    let walkie = node(&args.reach).await?;
    tokio::time::sleep(Duration::from_secs(args.wait)).await;
    let peers = walkie.peers().into_iter().filter(|peer| peer.role != WalkieRoles::WrClient);
    let found = join_all(peers.map(|peer| describe(&walkie, peer))).await;
    let boot_nodes = walkie.boot_nodes();
    walkie.shutdown().await;
    let table = table(&found);
    answer(args.reach.json, &found.into(), &table)?;
    let unreached = boot_nodes.into_iter().filter_map(|node| match node.state {
        BootState::Unusable(reason) | BootState::Unreachable(reason) => {
            Some(format!("boot node {}: {reason}", node.text))
        }
        BootState::Waiting => Some(format!("boot node {}: no answer yet", node.text)),
        BootState::Reached(_) => None,
    });
    let unreached: Vec<_> = unreached.collect();
    if unreached.is_empty() { Ok(()) } else { Err(Failure::Unmet(unreached)) }
}

async fn describe(walkie: &Walkie, peer: Peer) -> Value {
    let mut hello = Request::new(WalkieSystemInfo::default());
    hello.set_timeout(PATIENCE);
    let access = match walkie.client(peer.id).hello(hello).await.map(|it| it.into_inner().auth()) {
        Ok(AuthStatus::AsNone) => "open",
        Ok(AuthStatus::AsGranted) => "granted",
        Ok(_) => "needs a grant",
        Err(_) => "no answer",
    };
    json!({
        "peerId": peer.id.to_base58(),
        "role": role(peer.role),
        "hostname": peer.hostname,
        "addresses": peer.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "chainIdentity": peer.chain_identity,
        "bridgeIdentity": peer.bridge_identity,
        "access": access,
    })
}

/// What a service is called in commands.
pub(crate) fn role(role: WalkieRoles) -> &'static str {
    match role {
        WalkieRoles::WrClient => "client",
        WalkieRoles::WrDataProviderInt => "data-provider",
        WalkieRoles::WrDataProviderExt => "data-provider-ext",
        WalkieRoles::WrLifecycleManager => "lifecycle",
        WalkieRoles::WrTrader => "trader",
    }
}

/// For people: a line for each peer, and under it where it is.
fn table(peers: &[Value]) -> String {
    let mut text = String::new();
    let field = |peer: &Value, name: &str| single_line(peer[name].as_str().unwrap_or_default());
    for peer in peers {
        let _infallible = writeln!(
            text,
            "{:<17} {}  {}  {}  chain {}  namespace {}",
            field(peer, "role"),
            field(peer, "peerId"),
            field(peer, "hostname"),
            field(peer, "access"),
            shorten(&field(peer, "chainIdentity")),
            field(peer, "bridgeIdentity"),
        );
        let addresses = peer["addresses"].as_array().map(Vec::as_slice).unwrap_or_default();
        for address in addresses {
            let _infallible = writeln!(text, "    {}", address.as_str().unwrap_or_default());
        }
    }
    if peers.is_empty() {
        text.push_str("no peer was found\n");
    }
    text
}

/// The first digits of a hash tell chains apart.
fn shorten(identity: &str) -> String {
    if identity.len() > 18 {
        format!("{}…", identity.chars().take(10).collect::<String>())
    } else {
        identity.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_takes_a_line_and_its_addresses_one_each() {
        let peer = json!({
            "peerId": "QmA", "role": "lifecycle", "hostname": "h\u{1b}[2J", "access": "granted",
            "addresses": ["/ip4/10.0.0.1/tcp/1", "/ip6/::1/tcp/1"],
            "chainIdentity": format!("0x{}", "ab".repeat(32)), "bridgeIdentity": "default",
        });
        let table = table(&[peer]);
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(
            table.contains("lifecycle         QmA  h [2J  granted  chain 0xabababab…"),
            "{table}"
        );
    }
}
