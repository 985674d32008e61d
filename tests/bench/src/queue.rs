//! Jobs from enqueue to done over Redis, against npm's bee-queue on the same Redis in the same run.
//!
//! Producer and consumer are a process each, on both sides: Node's of one thread, ours of one and
//! of two. Two do more at once; for one job after the other they are in each other's way. Where a
//! figure is bounded by Redis itself, the share of a core that Redis used says so. One after the
//! other is bounded by how fast three processes wake each other, which a floor shows.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use clap::Args as ClapArgs;
use prb_core::queue::{Action, Job, JobKey, wire};
use serde_json::{Map, Value, json};
use tokio::runtime::Builder;

use crate::rounded;

mod floor;
mod npm;
mod ours;
mod server;

pub(crate) use server::Server;

/// What to measure.
#[derive(ClapArgs, Clone)]
pub(crate) struct Args {
    /// Jobs of which `--in-flight` are unfinished at any time.
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// Most unfinished jobs.
    #[arg(long, default_value_t = 1_000)]
    in_flight: usize,
    /// Jobs one after the other.
    #[arg(long, default_value_t = 10_000)]
    sequential: usize,
    /// Jobs over which the memory of Redis is watched; 0 for none.
    #[arg(long, default_value_t = 1_000_000)]
    memory_jobs: usize,
    /// Most microseconds that a thread stays awake for what comes of a job by itself, if not as
    /// many as it does by default.
    #[arg(long)]
    awake: Option<u64>,
    /// How often all of them are measured, in turns: where the system places three processes moves
    /// a figure by a third.
    #[arg(long, default_value = "3")]
    rounds: NonZeroU32,
    /// Folder with the package of bee-queue.
    #[arg(long, default_value = "tests/interop/queue")]
    npm: PathBuf,
    /// Works on the jobs of the Redis at this port until standard input ends. Started by the
    /// benchmark itself.
    #[arg(long, hide = true)]
    consume: Option<u16>,
    /// Does so by clients that do the least.
    #[arg(long, hide = true)]
    least: bool,
    /// Threads of the process that works on jobs.
    #[arg(long, hide = true, default_value_t = 2)]
    threads: usize,
}

/// What every job asks for, with both libraries.
fn job() -> Job {
    Job { pid: 1, action: Action::AddWorker { public_key: [7; 32] } }
}

fn key() -> JobKey {
    JobKey::new([3; 32])
}

pub(crate) fn measure(args: &Args) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    if let Some(port) = args.consume {
        if args.least {
            floor::consume(port)?;
            return Ok(figures);
        }
        let (at_once, awake) = (args.in_flight, args.awake);
        on_threads(args.threads, async move { ours::consume(port, awake, at_once).await })?;
        return Ok(figures);
    }
    for (name, jobs, in_flight) in [
        (format!("{}_in_flight", args.in_flight), args.jobs, args.in_flight),
        ("sequential".to_owned(), args.sequential, 1),
    ] {
        figures.insert(name, compare(args, jobs, in_flight)?);
    }
    if args.memory_jobs > 0 {
        let args = args.clone();
        figures.insert("memory".into(), on_threads(2, async move { memory(&args).await })?);
    }
    Ok(figures)
}

/// Runs a task on a runtime of this many threads: of one on tokio's for one thread, else away from
/// the main thread, where services run theirs.
fn on_threads<T: Send + 'static>(
    threads: usize,
    task: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let runtime = match threads {
        1 => Builder::new_current_thread().enable_all().build()?,
        _ => Builder::new_multi_thread().worker_threads(threads).enable_all().build()?,
    };
    runtime.block_on(async { tokio::spawn(task).await? })
}

fn compare(args: &Args, jobs: usize, in_flight: usize) -> Result<Value> {
    let (mut npm, mut floor) = (Vec::new(), Vec::new());
    let mut ours = [("prb_1_thread", 1, Vec::new()), ("prb_2_threads", 2, Vec::new())];
    for _ in 0..args.rounds.get() {
        let settings = args.clone();
        npm.push(on_threads(1, async move { npm_side(&settings, jobs, in_flight).await })?);
        for (_, threads, figures) in &mut ours {
            let settings = Args { threads: *threads, ..args.clone() };
            let side = async move { our_side(&settings, jobs, in_flight).await };
            figures.push(on_threads(*threads, side)?);
        }
        if in_flight == 1 {
            let settings = args.clone();
            floor.push(on_threads(1, async move { floor_side(&settings, jobs).await })?);
        }
    }
    let mut compared = Map::new();
    compared.insert("npm_bee_queue".into(), Figure::to_json(&npm));
    for (name, _, figures) in &ours {
        compared.insert((*name).into(), Figure::beside(figures, &npm));
    }
    if !floor.is_empty() {
        compared.insert("floor".into(), Figure::beside(&floor, &npm));
    }
    Ok(compared.into())
}

/// One measurement.
#[derive(Clone, Copy)]
struct Figure {
    jobs: usize,
    seconds: f64,
    /// Seconds that Redis was busy.
    redis_seconds: f64,
}

impl Figure {
    fn jobs_per_s(self) -> f64 {
        self.jobs as f64 / self.seconds
    }

    /// All rounds as one.
    fn all(rounds: &[Self]) -> Self {
        Self {
            jobs: rounds.iter().map(|round| round.jobs).sum(),
            seconds: rounds.iter().map(|round| round.seconds).sum(),
            redis_seconds: rounds.iter().map(|round| round.redis_seconds).sum(),
        }
    }

    fn to_json(rounds: &[Self]) -> Value {
        let all = Self::all(rounds);
        json!({
            "jobs_per_s": rounded(all.jobs_per_s()),
            "each_round": rounds.iter().map(|round| rounded(round.jobs_per_s())).collect::<Vec<_>>(),
            // Share of one core.
            "redis_core": rounded(all.redis_seconds / all.seconds),
        })
    }

    /// With how many times as many jobs it did, and in each round.
    fn beside(rounds: &[Self], others: &[Self]) -> Value {
        let times = |one: Self, other: Self| rounded(one.jobs_per_s() / other.jobs_per_s());
        let mut figure = Self::to_json(rounds);
        figure["ratio"] = times(Self::all(rounds), Self::all(others));
        let pairs = rounds.iter().zip(others);
        figure["ratio_each_round"] = pairs.map(|(one, other)| times(*one, *other)).collect();
        figure
    }
}

async fn npm_side(args: &Args, jobs: usize, in_flight: usize) -> Result<Figure> {
    let server = Server::start().await?;
    let _consumer = npm::consumer(&args.npm, server.port())?;
    let data = String::from_utf8(wire::encode(&job(), &key()))?;
    npm::produce(&args.npm, server.port(), jobs / 20, in_flight, &data)?;
    let busy = server.cpu_seconds()?;
    let seconds = npm::produce(&args.npm, server.port(), jobs, in_flight, &data)?;
    Ok(Figure { jobs, seconds, redis_seconds: server.cpu_seconds()? - busy })
}

async fn floor_side(args: &Args, jobs: usize) -> Result<Figure> {
    let server = Server::start().await?;
    let _consumer = our_consumer(&Args { least: true, ..args.clone() }, server.port())?;
    let (port, data) = (server.port(), wire::encode(&job(), &key()));
    let produce = move |jobs| {
        let data = data.clone();
        tokio::task::spawn_blocking(move || floor::produce(port, jobs, &data))
    };
    produce(jobs / 20).await??;
    let busy = server.cpu_seconds()?;
    let seconds = produce(jobs).await??;
    Ok(Figure { jobs, seconds, redis_seconds: server.cpu_seconds()? - busy })
}

async fn our_side(args: &Args, jobs: usize, in_flight: usize) -> Result<Figure> {
    let server = Server::start().await?;
    let _consumer = our_consumer(args, server.port())?;
    let queue = ours::open(server.port(), args.awake)?;
    ours::produce(&queue, jobs / 20, in_flight).await?;
    let busy = server.cpu_seconds()?;
    let seconds = ours::produce(&queue, jobs, in_flight).await?;
    Ok(Figure { jobs, seconds, redis_seconds: server.cpu_seconds()? - busy })
}

/// The memory of Redis after a twentieth of the jobs, and after every further one.
async fn memory(args: &Args) -> Result<Value> {
    let server = Server::start().await?;
    let _consumer = our_consumer(args, server.port())?;
    let queue = ours::open(server.port(), args.awake)?;
    let mut megabytes = Vec::new();
    for _ in 0..20 {
        ours::produce(&queue, args.memory_jobs / 20, args.in_flight).await?;
        megabytes.push(server.used_memory().await? as f64 / 1e6);
    }
    let growth = megabytes.last().unwrap_or(&0.0) - megabytes.first().unwrap_or(&0.0);
    Ok(json!({
        "jobs": args.memory_jobs,
        "redis_megabytes": megabytes.into_iter().map(rounded).collect::<Vec<_>>(),
        "growth_megabytes": rounded(growth),
    }))
}

/// A process that is ended with the measurement.
struct Process(Child);

impl Process {
    fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        Ok(Self(child.with_context(|| format!("{command:?} does not start"))?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn our_consumer(args: &Args, port: u16) -> Result<Process> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command
        .args(["queue", "--in-flight", &args.in_flight.to_string()])
        .args(["--threads", &args.threads.to_string(), "--consume"])
        .arg(port.to_string());
    if let Some(micros) = args.awake {
        command.args(["--awake", &micros.to_string()]);
    }
    if args.least {
        command.arg("--least");
    }
    Process::start(&mut command)
}
