//! A trader of one's own for the queue of a lifecycle manager, in place of `prb run trader`.
//!
//! ```sh
//! cargo run -p example-trader -- --para ws://127.0.0.1:9944 --redis redis://127.0.0.1:63792 \
//!     --keys /var/data/keys/id --pool 2 --most-stake 4000
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a tool's output")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use example_trader::Policy;
use prb_core::queue::{JobKey, RedisQueue, RedisQueueConfig};
use prb_walkie::identity::{Identity, Name};

/// Planck in a PHA.
const PHA: u128 = 1_000_000_000_000;

#[derive(Parser)]
struct Arguments {
    /// Node of the parachain.
    #[arg(long)]
    para: String,
    /// The queue.
    #[arg(long)]
    redis: String,
    /// Folder of the manager's keys.
    #[arg(long)]
    keys: PathBuf,
    /// A pool to sign for; may be given more than once.
    #[arg(long = "pool", required = true)]
    pools: Vec<u64>,
    /// Most stake of a worker, in PHA.
    #[arg(long)]
    most_stake: u128,
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt().with_env_filter("warn").init();
    let arguments = Arguments::parse();
    // Manager and trader share an identity: operators' secrets are sealed to it.
    let identity = Arc::new(Identity::load(&arguments.keys, Name::Lifecycle)?);
    let key = JobKey::new(*identity.mac_key("job"));
    let queue = Arc::new(RedisQueue::open(RedisQueueConfig::new(arguments.redis, key))?);
    let policy = Policy {
        pools: arguments.pools.into_iter().collect(),
        most_stake: arguments.most_stake * PHA,
    };
    let trader = example_trader::start(&arguments.para, queue.clone(), identity, policy).await?;

    let mut status = trader.subscribe();
    let tell = async {
        while status.changed().await.is_ok() {
            for account in status.borrow_and_update().accounts.values() {
                println!("{account:?}");
            }
        }
    };
    tokio::select! {
        () = tell => {}
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    trader.shutdown(Duration::from_secs(30)).await?;
    queue.close().await;
    Ok(())
}
