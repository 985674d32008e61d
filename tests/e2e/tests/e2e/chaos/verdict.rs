//! What is true in the end: every finalized block is read.

use std::collections::BTreeMap;

use parity_scale_codec::Decode;
use prb_core::chain::keys;
use prb_devnet_runtime::para::{RuntimeEvent, phala_registry, phala_stake_pool};

use super::manager::Standing;
use super::world::World;

type Record = frame_system::EventRecord<RuntimeEvent, sp_core::H256>;

/// How often each thing took effect for a worker.
#[derive(Debug, Default, PartialEq, Eq)]
struct Effects {
    registered: u32,
    assigned: u32,
    started: u32,
}

/// Every intent took effect, and took it once.
pub(super) async fn check(world: &World, said: &str) {
    let chain = world.chain();
    let head = chain.finalized_head().await.unwrap();
    let newest = chain.header(head).await.unwrap().number();
    let mut effects = BTreeMap::<[u8; 32], Effects>::new();
    for number in 1..=newest {
        let hash = chain.block_hash(number).await.unwrap().unwrap();
        let events = chain.storage(&keys::value("System", "Events"), hash).await.unwrap();
        let records = Vec::<Record>::decode(&mut &events.unwrap_or_default()[..]).unwrap();
        for record in records {
            count(&mut effects, &record.event);
        }
    }
    let once = Effects { registered: 1, assigned: 1, started: 1 };
    for (_, worker) in world.fleet.workers() {
        let key = worker.key();
        assert_eq!(effects.get(&key), Some(&once), "{said}: worker 0x{}", hex::encode(key));
        // The chain takes a message only if it is the next one: so many are there once, in order.
        let standing = Standing::of(&worker, &chain, head).await.unwrap();
        let (key, done) = (hex::encode(key), standing.is_done(world.fleet));
        assert!(done, "{said}: worker 0x{key}: {standing:?}");
    }
}

fn count(effects: &mut BTreeMap<[u8; 32], Effects>, event: &RuntimeEvent) {
    use phala_registry::Event::{WorkerAdded, WorkerUpdated};
    use phala_stake_pool::Event::{PoolWorkerAdded, WorkingStarted};
    match event {
        RuntimeEvent::PhalaRegistry(WorkerAdded { pubkey, .. } | WorkerUpdated { pubkey, .. }) => {
            effects.entry(pubkey.0).or_default().registered += 1;
        }
        RuntimeEvent::PhalaStakePoolv2(PoolWorkerAdded { worker, .. }) => {
            effects.entry(worker.0).or_default().assigned += 1;
        }
        RuntimeEvent::PhalaStakePoolv2(WorkingStarted { worker, .. }) => {
            effects.entry(worker.0).or_default().started += 1;
        }
        _ => {}
    }
}
