//! Storage keys of what tells where a worker stands.

use parity_scale_codec::Encode;
use subxt::utils::AccountId32;

use super::values::Key;
use crate::chain::keys::{blake2_128_entry, twox64_entry, value};
use crate::scale::messages::MessageOrigin;

/// The asset that free stake is counted in.
const WRAPPED_PHA: u32 = 10_000;

/// Registration of a worker.
pub(super) fn registration(public_key: &[u8; 32]) -> Key {
    twox64_entry("PhalaRegistry", "Workers", public_key)
}

/// The block that registered a worker first.
pub(super) fn registered_at(public_key: &[u8; 32]) -> Key {
    twox64_entry("PhalaRegistry", "WorkerAddedAt", public_key)
}

/// Where others reach a worker.
pub(super) fn endpoints(public_key: &[u8; 32]) -> Key {
    twox64_entry("PhalaRegistry", "Endpoints", public_key)
}

/// Pool of a worker.
pub(super) fn assignment(public_key: &[u8; 32]) -> Key {
    twox64_entry("PhalaStakePoolv2", "WorkerAssignments", public_key)
}

/// Session of a worker.
pub(super) fn binding(public_key: &[u8; 32]) -> Key {
    twox64_entry("PhalaComputation", "WorkerBindings", public_key)
}

/// What a session does.
pub(super) fn session(session: &AccountId32) -> Key {
    twox64_entry("PhalaComputation", "Sessions", &session.0)
}

/// Stake of a session.
pub(super) fn stake(session: &AccountId32) -> Key {
    twox64_entry("PhalaComputation", "Stakes", &session.0)
}

/// A pool.
pub(super) fn pool(pid: u64) -> Key {
    twox64_entry("PhalaBasePool", "Pools", &pid.to_le_bytes())
}

/// An account's free stake.
pub(super) fn free_stake(account: &AccountId32) -> Key {
    let mut key = blake2_128_entry("Assets", "Account", &WRAPPED_PHA.to_le_bytes());
    key.extend(sp_crypto_hashing::blake2_128(&account.0));
    key.extend(account.0);
    key
}

/// The next sequence that the chain takes from a sender.
pub(super) fn ingress(sender: &MessageOrigin) -> Key {
    twox64_entry("PhalaMq", "OffchainIngress", &sender.encode())
}

/// Rules for stakes.
pub(super) fn tokenomics() -> Key {
    value("PhalaComputation", "TokenomicParameters")
}

/// Seconds.
pub(super) fn cool_down_period() -> Key {
    value("PhalaComputation", "CoolDownPeriod")
}

/// Unix milliseconds.
pub(super) fn now() -> Key {
    value("Timestamp", "Now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_prefixes() {
        let account = AccountId32([7; 32]);
        for (key, prefix) in [
            (
                registration(&[1; 32]),
                "0d746931e7a6bfd47fbcccfd71984aef1bf55d6b9732eb86723ccad1af88b985",
            ),
            (
                registered_at(&[1; 32]),
                "0d746931e7a6bfd47fbcccfd71984aef3db1fe26055215b99e474bea4561d945",
            ),
            (
                assignment(&[1; 32]),
                "75e3ed3f59e45643ed1149ad80929c1b19607b9c9a8737bdc9a8097e5575f8df",
            ),
            (binding(&[1; 32]), "b71c310d8c830d345ee1c1b84566a8d129508a101b262c94ae3b928a07bb3cd5"),
            (session(&account), "b71c310d8c830d345ee1c1b84566a8d1028685274e698e781f7f2766cba0cc83"),
            (stake(&account), "b71c310d8c830d345ee1c1b84566a8d199631790894601a7ff7dac1d1ca231bc"),
            (pool(2), "00f8eafbad3b4a32114491ad7e1249144c72016d74b63ae83d79b02efdb5528e"),
            (
                free_stake(&account),
                "682a59d51ab9e48a8c8cc418ff9708d2b99d880ec681799c0cf30e8886371da9",
            ),
            (
                ingress(&MessageOrigin::Gatekeeper),
                "2f039a6a7f13e94b9545257e54062a042bd035cc68bbf7411ccb4d17987934cf",
            ),
            (tokenomics(), "b71c310d8c830d345ee1c1b84566a8d101fcc41548ec01285ffcc5b6baff016a"),
            (
                cool_down_period(),
                "b71c310d8c830d345ee1c1b84566a8d13621662dc0372018ee7c335e6740fdf0",
            ),
        ] {
            assert!(hex::encode(&key).starts_with(prefix), "{prefix}");
        }
        assert_eq!(free_stake(&account).len(), 32 + 16 + 4 + 16 + 32);
        assert_eq!(ingress(&MessageOrigin::Worker([1; 32])).len(), 32 + 8 + 33);
    }
}
