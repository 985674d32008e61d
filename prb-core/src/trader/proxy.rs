//! What a proxy may do for the account it signs for.

use parity_scale_codec::Decode;
use scale_info::TypeDef;
use subxt::utils::AccountId32;

use super::runtime::Runtime;

/// An account that a signing account acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxied {
    /// The account.
    pub account: AccountId32,
    /// The chain's names of what the signing account may do for it: none if it is no proxy.
    pub kinds: Vec<String>,
}

/// All calls that jobs ask for in another account's name.
pub const PROXIED_CALLS: [&str; 9] = [
    "PhalaMq.sync_offchain_message",
    "PhalaRegistry.register_worker",
    "PhalaRegistry.register_worker_v2",
    "PhalaStakePoolv2.add_worker",
    "PhalaStakePoolv2.remove_worker",
    "PhalaStakePoolv2.start_computing",
    "PhalaStakePoolv2.stop_computing",
    "PhalaStakePoolv2.restart_computing",
    "PhalaStakePoolv2.reclaim_pool_worker",
];

impl Proxied {
    /// Whether one of the proxy's kinds admits a call of [`PROXIED_CALLS`].
    ///
    /// All others admit none of them: `NonTransfer` is a list of pallets, too, and the chain's
    /// list has none of Phala's.
    pub fn admits(&self, call: &str) -> bool {
        let manages = |kind: &String| matches!(kind.as_str(), "Any" | "StakePoolManager");
        self.kinds.iter().any(manages) && PROXIED_CALLS.contains(&call)
    }
}

/// The names of the kinds of proxy that `delegate` is, in the value of `Proxy.Proxies`. A kind
/// with a delay cannot be used without announcing, so it does not count.
pub(super) fn kinds(
    proxies: &[u8],
    delegate: &AccountId32,
    runtime: &Runtime,
) -> Result<Vec<String>, String> {
    // (list of { delegate, kind, delay }, deposit)
    let entries = Vec::<([u8; 32], u8, u32)>::decode(&mut &*proxies)
        .map_err(|error| format!("the chain's proxies do not decode: {error}"))?;
    let ours = entries.iter().filter(|(of, _, delay)| *of == delegate.0 && *delay == 0);
    Ok(ours.map(|(_, kind, _)| name(*kind, runtime)).collect())
}

/// `Proxy.proxy` takes `(real, Option<ProxyType>, call)`: its second parameter has the names.
fn name(kind: u8, runtime: &Runtime) -> String {
    let types = runtime.metadata.types();
    let found = runtime.call("Proxy", "proxy").ok().and_then(|(_, _, parameters)| {
        let option = types.resolve(*parameters.get(1)?)?;
        let TypeDef::Variant(kinds) = &types.resolve(option.type_params.first()?.ty?.id)?.type_def
        else {
            return None;
        };
        kinds.variants.iter().find(|variant| variant.index == kind).map(|it| it.name.clone())
    });
    found.unwrap_or_else(|| format!("kind {kind}"))
}

#[cfg(test)]
mod tests {
    use parity_scale_codec::Encode;

    use super::*;
    use crate::trader::tests::khala;

    fn proxied(kinds: &[&str]) -> Proxied {
        let kinds = kinds.iter().map(|&kind| kind.to_owned()).collect();
        Proxied { account: AccountId32([1; 32]), kinds }
    }

    #[test]
    fn each_kind_admits_what_the_chain_lets_it_do() {
        let admitted = |kinds: &[&str]| {
            PROXIED_CALLS.into_iter().filter(|call| proxied(kinds).admits(call)).count()
        };
        assert_eq!(admitted(&["Any"]), 9);
        assert_eq!(admitted(&["StakePoolManager"]), 9);
        assert_eq!(admitted(&["NonTransfer"]), 0);
        assert_eq!(admitted(&["Governance"]), 0);
        assert_eq!(admitted(&[]), 0);
        assert_eq!(admitted(&["Governance", "Any"]), 9);
        assert!(!proxied(&["Any"]).admits("Balances.transfer"));
    }

    #[test]
    fn kinds_have_the_names_of_the_metadata() {
        let Some(khala) = khala() else { return };
        let (us, other) = (AccountId32([1; 32]), [2_u8; 32]);
        let entries = vec![(us.0, 5_u8, 0_u32), (other, 0, 0), (us.0, 1, 0), (us.0, 0, 600)];
        let value = (entries, 7_u128).encode();
        assert_eq!(kinds(&value, &us, &khala).unwrap(), ["StakePoolManager", "NonTransfer"]);
        assert!(kinds(&value[..40], &us, &khala).is_err());
    }
}
