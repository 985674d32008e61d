//! One pRuntime double, alone.

use anyhow::anyhow;
use prb_devnet::pruntime::{Double, DoubleConfig, DoubleExit, Mode};
use serde_json::json;

use crate::Failure;
use crate::args::{self, PruntimeArgs};
use crate::logging::{self, Log, Target};
use crate::output::answer;
use crate::process::{self, StopSignal};

/// `prb run pruntime`.
pub(crate) fn run(args: &PruntimeArgs, log: &Log) -> Result<(), Failure> {
    logging::start(log, &Target::Stderr)?;
    process::block_on(serve(args))
}

async fn serve(args: &PruntimeArgs) -> Result<(), Failure> {
    let mut stop = StopSignal::listen()?;
    let double = Double::builder(config(args)).build()?.start().await?;
    // Who reads this line may begin: the double listens.
    let endpoint = double.endpoint();
    let ready = json!({ "event": "ready", "endpoint": endpoint });
    answer(args.json, &ready, &format!("pRuntime double ready at {endpoint}"))?;
    tokio::select! {
        () = stop.received() => {
            double.shutdown().await;
            Ok(())
        }
        exit = double.wait() => match exit {
            DoubleExit::Shutdown => Ok(()),
            DoubleExit::Aborted(reason) => Err(Failure::Failed(anyhow!("it aborted: {reason}"))),
        },
    }
}

fn config(args: &PruntimeArgs) -> DoubleConfig {
    DoubleConfig {
        listen: args.listen,
        mode: match args.mode {
            args::Mode::V2 => Mode::V2,
            args::Mode::V02 => Mode::V0_2,
        },
        light: args.light,
        data_dir: args.data_dir.clone(),
        ..DoubleConfig::default()
    }
}
