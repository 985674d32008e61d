//! Bare TCP carrying the same bytes: a thread for each connection, no frames, no checks.

use std::io::{BufWriter, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::chunks::{self, Frame, Reader};
use super::kind::Kind;
use super::load::Load;
use super::process::{self, Process};

/// Bytes read and written at once, where blobs are smaller.
const BUFFER: usize = 256 * 1024;

/// What to serve.
#[derive(clap::Args)]
pub(crate) struct Args {
    folder: PathBuf,
    kind: String,
    /// From memory.
    #[arg(long)]
    hot: bool,
}

struct Shared {
    kind: Kind,
    frames: Vec<Frame>,
    /// What is hot.
    bodies: Option<Vec<Vec<u8>>>,
}

/// The serving process.
pub(crate) fn run(args: &Args) -> Result<()> {
    let kind = Kind::named(&args.kind)?;
    let frames = chunks::frames(&args.folder, kind)?;
    let mut reader = Reader::default();
    let hot = frames.iter().take(kind.hot as usize).map(|frame| reader.read(frame));
    let bodies = args.hot.then(|| hot.collect::<Result<Vec<_>>>()).transpose()?;
    chunks::forget(&args.folder)?;
    let shared = Arc::new(Shared { kind, frames, bodies });
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = shared.clone();
            std::thread::spawn(move || serve(stream, &shared));
        }
    });
    process::until_told(address)
}

/// Writes what is asked for in 8 bytes: every how manieth blob, from which on.
fn serve(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let mut asked = [0; 8];
    stream.read_exact(&mut asked)?;
    let asked = u64::from_be_bytes(asked);
    let (step, start) = ((asked >> 32) as u32, asked as u32);
    let hot = shared.bodies.is_some();
    let mut out = BufWriter::with_capacity(BUFFER, stream);
    let mut reader = Reader::default();
    for get in (start..shared.kind.gets(hot)).step_by(step as usize) {
        let place = (shared.kind.block(get, hot) - shared.kind.first) as usize;
        match &shared.bodies {
            Some(bodies) => out.write_all(&bodies[place])?,
            None => out.write_all(&reader.read(&shared.frames[place])?)?,
        }
    }
    Ok(out.flush()?)
}

/// Blobs per second.
pub(super) fn measure(load: &Load, stock: &Path) -> Result<f64> {
    let server = Process::bare(stock, load.kind, load.hot)?;
    let gets = load.kind.gets(load.hot);
    let streams = (0..load.connections).map(|_| TcpStream::connect(server.address));
    let streams = streams.collect::<std::io::Result<Vec<_>>>()?;
    let started = Instant::now();
    let step = load.connections as u64;
    let reading: Vec<_> = (0_u64..)
        .zip(streams)
        .map(|(start, mut stream)| {
            std::thread::spawn(move || -> Result<usize> {
                stream.write_all(&(step << 32 | start).to_be_bytes())?;
                let (mut buffer, mut total) = (vec![0; BUFFER], 0);
                loop {
                    match stream.read(&mut buffer)? {
                        0 => return Ok(total),
                        bytes => total += bytes,
                    }
                }
            })
        })
        .collect();
    let mut total = 0;
    for thread in reading {
        total += thread.join().ok().context("a thread failed")??;
    }
    let took = started.elapsed();
    let frames = chunks::frames(stock, load.kind)?;
    let place = |get| (load.kind.block(get, load.hot) - load.kind.first) as usize;
    let wanted: usize = (0..gets).map(|get| frames[place(get)].raw).sum();
    ensure!(total == wanted, "{total} of {wanted} bytes came");
    Ok(f64::from(gets) / took.as_secs_f64())
}
