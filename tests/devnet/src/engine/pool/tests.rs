mod properties;

use super::*;

fn transaction(name: u8, priority: u64, requires: &[u8], provides: &[u8]) -> PoolTransaction {
    PoolTransaction {
        hash: Hash::repeat_byte(name),
        extrinsic: Extrinsic::from_blob(vec![name; 10]),
        priority,
        requires: requires.iter().map(|tag| vec![*tag]).collect(),
        provides: provides.iter().map(|tag| vec![*tag]).collect(),
        valid_till: 100,
    }
}

fn names(order: &[Arc<PoolTransaction>]) -> Vec<u8> {
    order.iter().map(|transaction| transaction.hash.0[0]).collect()
}

fn import(pool: &mut Pool, transaction: PoolTransaction) -> Result<Events, PoolError> {
    let mut events = Events::new();
    pool.import(transaction, &mut events).map(|()| events)
}

fn pool() -> Pool {
    Pool::new(PoolLimits::default())
}

#[test]
fn a_chain_submitted_backwards_becomes_ready_at_once() {
    let mut pool = pool();
    assert_eq!(
        import(&mut pool, transaction(3, 1, &[2], &[3])).unwrap(),
        [(Hash::repeat_byte(3), TransactionStatus::Future)]
    );
    import(&mut pool, transaction(2, 1, &[1], &[2])).unwrap();
    assert_eq!(names(&pool.future()), [3, 2]);
    let events = import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    assert!(events.iter().all(|event| event.1 == TransactionStatus::Ready));
    assert_eq!(names(&pool.ready()), [1, 2, 3]);
}

#[test]
fn priority_goes_first_but_never_before_what_it_requires() {
    let mut pool = pool();
    import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 9, &[1], &[2])).unwrap();
    import(&mut pool, transaction(3, 5, &[], &[3])).unwrap();
    import(&mut pool, transaction(4, 5, &[], &[4])).unwrap();
    assert_eq!(names(&pool.ready()), [3, 4, 1, 2]);
}

#[test]
fn only_a_higher_priority_replaces() {
    let mut pool = pool();
    import(&mut pool, transaction(1, 5, &[], &[1])).unwrap();
    assert_eq!(
        import(&mut pool, transaction(2, 5, &[], &[1])),
        Err(PoolError::TooLowPriority { old: 5, new: 5 })
    );
    let events = import(&mut pool, transaction(3, 6, &[], &[1])).unwrap();
    assert_eq!(events[0], (Hash::repeat_byte(1), TransactionStatus::Usurped(Hash::repeat_byte(3))));
    assert_eq!(names(&pool.ready()), [3]);
}

#[test]
fn what_depends_on_a_replaced_transaction_stays_when_its_tag_is_provided_again() {
    let mut pool = pool();
    import(&mut pool, transaction(1, 5, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 5, &[1], &[2])).unwrap();
    import(&mut pool, transaction(3, 6, &[], &[1])).unwrap();
    assert_eq!(names(&pool.ready()), [3, 2]);
    // Tags 7 and 8 were one transaction's: what needs 8 has to wait again.
    import(&mut pool, transaction(4, 5, &[], &[7, 8])).unwrap();
    import(&mut pool, transaction(5, 5, &[8], &[9])).unwrap();
    import(&mut pool, transaction(6, 6, &[], &[7])).unwrap();
    assert_eq!(names(&pool.future()), [5]);
}

#[test]
fn a_transaction_cannot_replace_what_it_needs() {
    let mut pool = pool();
    import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 1, &[1], &[2])).unwrap();
    assert_eq!(import(&mut pool, transaction(3, 9, &[2], &[1])), Err(PoolError::Cycle));
    assert_eq!(names(&pool.ready()), [1, 2]);
}

#[test]
fn inclusion_meets_requirements_for_ever() {
    let mut pool = pool();
    import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 1, &[1], &[2])).unwrap();
    import(&mut pool, transaction(4, 1, &[2, 3], &[4])).unwrap();
    assert!(pool.provides(&[1]));
    pool.prune(&[Hash::repeat_byte(1)]);
    assert!(!pool.provides(&[1]));
    assert_eq!(names(&pool.ready()), [2]);
    pool.prune(&[Hash::repeat_byte(2)]);
    import(&mut pool, transaction(3, 1, &[], &[3])).unwrap();
    assert_eq!(names(&pool.ready()), [3, 4]);
}

#[test]
fn an_invalid_transaction_takes_its_dependents_along_and_is_banned() {
    let mut pool = pool();
    let now = Instant::now();
    import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 1, &[1], &[2])).unwrap();
    import(&mut pool, transaction(3, 1, &[], &[3])).unwrap();
    assert_eq!(
        pool.admissible(Hash::repeat_byte(1), now),
        Err(PoolError::AlreadyImported(Hash::repeat_byte(1)))
    );
    let events = pool.remove_invalid([Hash::repeat_byte(1)], now);
    assert_eq!(events.len(), 2);
    assert_eq!(names(&pool.ready()), [3]);
    assert_eq!(pool.admissible(Hash::repeat_byte(1), now), Err(PoolError::Banned));
    assert_eq!(pool.admissible(Hash::repeat_byte(1), now + PoolLimits::default().ban), Ok(()));
}

#[test]
fn a_transaction_dies_with_its_era() {
    let mut pool = pool();
    let now = Instant::now();
    import(&mut pool, transaction(1, 1, &[], &[1])).unwrap();
    assert!(pool.remove_stale(99, now).is_empty());
    assert_eq!(pool.remove_stale(100, now), [(Hash::repeat_byte(1), TransactionStatus::Invalid)]);
}

#[test]
fn a_full_pool_keeps_the_best() {
    let limits = PoolLimits { ready: 2, future: 1, ..PoolLimits::default() };
    let mut pool = Pool::new(limits);
    import(&mut pool, transaction(1, 5, &[], &[1])).unwrap();
    import(&mut pool, transaction(2, 6, &[], &[2])).unwrap();
    assert_eq!(import(&mut pool, transaction(3, 1, &[], &[3])), Err(PoolError::ImmediatelyDropped));
    let events = import(&mut pool, transaction(4, 9, &[], &[4])).unwrap();
    assert!(events.contains(&(Hash::repeat_byte(1), TransactionStatus::Dropped)));
    import(&mut pool, transaction(5, 9, &[77], &[5])).unwrap();
    assert_eq!(
        import(&mut pool, transaction(6, 9, &[78], &[6])),
        Err(PoolError::ImmediatelyDropped)
    );
    assert_eq!(names(&pool.ready()), [4, 2]);
}
