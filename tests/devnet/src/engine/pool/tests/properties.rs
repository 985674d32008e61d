//! What holds of a pool whatever comes in.

use proptest::collection::{hash_set, vec};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Change {
    Import(PoolTransaction),
    /// Include the first so many ready transactions in a block.
    Include(usize),
    /// The n-th ready transaction turns out invalid.
    Invalidate(usize),
}

/// Transactions over few tags, so that they meet.
fn any_transaction() -> impl Strategy<Value = PoolTransaction> {
    let tags = || hash_set(0u8..8, 0..3);
    (any::<u8>(), 0u64..4, tags(), hash_set(0u8..8, 1..3)).prop_map(
        |(name, priority, needs, gives)| {
            let requires: Vec<u8> = needs.difference(&gives).copied().collect();
            let provides: Vec<u8> = gives.into_iter().collect();
            transaction(name, priority, &requires, &provides)
        },
    )
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => any_transaction().prop_map(Change::Import),
        1 => (0usize..4).prop_map(Change::Include),
        1 => (0usize..4).prop_map(Change::Invalidate),
    ]
}

/// Every ready transaction is in the order once, after all that provides what it still needs, and
/// no two of them provide the same tag.
fn check(pool: &Pool) -> Result<(), TestCaseError> {
    let order = pool.ready();
    prop_assert_eq!(order.len(), pool.ready.len());
    let mut provided = HashSet::new();
    for transaction in &order {
        let needs = &pool.ready[&transaction.hash].requires;
        prop_assert!(needs.iter().all(|tag| provided.contains(tag)));
        for tag in &transaction.provides {
            prop_assert!(provided.insert(tag.clone()), "two transactions provide {:?}", tag);
        }
    }
    prop_assert_eq!(provided.len(), pool.provided.len());
    prop_assert!(pool.future.values().all(|entry| !pool.is_satisfied(entry)));
    prop_assert!(pool.ready.len() <= pool.limits.ready && pool.future.len() <= pool.limits.future);
    Ok(())
}

proptest! {
    #[test]
    fn ready_transactions_can_go_into_a_block_in_their_order(changes in vec(any_change(), 0..40)) {
        let limits = PoolLimits { ready: 6, future: 6, ..PoolLimits::default() };
        let mut pool = Pool::new(limits);
        let now = Instant::now();
        for change in changes {
            match change {
                Change::Import(transaction) => {
                    if pool.admissible(transaction.hash, now).is_ok() {
                        let _ = import(&mut pool, transaction);
                    }
                }
                Change::Include(count) => {
                    let hashes: Vec<_> = pool.ready().iter().take(count).map(|tx| tx.hash).collect();
                    pool.prune(&hashes);
                }
                Change::Invalidate(index) => {
                    let hash = pool.ready().get(index).map(|transaction| transaction.hash);
                    pool.remove_invalid(hash, now);
                }
            }
            check(&pool)?;
        }
    }
}
