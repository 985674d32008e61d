//! One job after the other by clients that do the least: they block, sign nothing, keep no claims
//! and forget what is done. How much of a job's time is Redis and the processes that wake each other.

use std::time::Instant;

use anyhow::{Result, ensure};
use redis::{Client, Connection, Script};

use super::server::url;

/// What stands at the head of the active jobs, read in the packet of the move that brought it.
const HEAD: &str = "local id = redis.call('LINDEX', KEYS[1], 0)
return id and { id, redis.call('HGET', KEYS[2], id) } or {}";

fn connect(port: u16) -> Result<Connection> {
    Ok(Client::open(url(port))?.get_connection()?)
}

/// Works on jobs until standard input ends.
pub(super) fn consume(port: u16) -> Result<()> {
    let (mut waits, mut says) = (connect(port)?, connect(port)?);
    let head = Script::new(HEAD);
    head.load(&mut waits)?;
    std::thread::spawn(move || -> Result<()> {
        loop {
            let (moved, _job): (Option<String>, Vec<String>) = redis::pipe()
                .cmd("BRPOPLPUSH")
                .arg("waiting")
                .arg("active")
                .arg(0)
                .cmd("EVALSHA")
                .arg(head.get_hash())
                .arg(2)
                .arg("active")
                .arg("jobs")
                .query(&mut waits)?;
            let Some(id) = moved else { continue };
            redis::pipe()
                .lrem("active", -1, &id)
                .hdel("jobs", &id)
                .publish("events", &id)
                .query::<()>(&mut says)?;
        }
    });
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// Seconds until this many jobs are done, one after the other.
pub(super) fn produce(port: u16, jobs: usize, data: &[u8]) -> Result<f64> {
    let (mut adds, mut hears) = (connect(port)?, connect(port)?);
    let mut hears = hears.as_pubsub();
    hears.subscribe("events")?;
    let started = Instant::now();
    for id in 0..jobs {
        redis::pipe().hset("jobs", id, data).lpush("waiting", id).query::<()>(&mut adds)?;
        let done: usize = hears.get_message()?.get_payload()?;
        ensure!(done == id, "job {done} is done instead of {id}");
    }
    Ok(started.elapsed().as_secs_f64())
}
