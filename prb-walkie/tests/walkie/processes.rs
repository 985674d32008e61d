//! Other processes: this test program again, told what to do by its environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prb_walkie::Multiaddr;
use prb_walkie::identity::{Identity, Name};
use prb_walkie::node::Walkie;
use prb_walkie::proto::WalkieRoles;

use crate::fixture::{config, start};

const TASK: &str = "PRB_TEST_TASK";
const ARGUMENT: &str = "PRB_TEST_ARGUMENT";
const START_AT: &str = "PRB_TEST_START_AT";

/// What this program does as another process; nothing when it is not asked.
#[test]
#[ignore = "run by the tests beside it"]
fn another_process() {
    let variable = |name: &str| std::env::var(name).unwrap();
    match std::env::var(TASK).as_deref() {
        Ok("identity") => {
            let start: u64 = variable(START_AT).parse().unwrap();
            while now_ms() < start {
                std::hint::spin_loop();
            }
            let folder = variable(ARGUMENT);
            let identity = Identity::load_or_create(folder.as_ref(), Name::Lifecycle).unwrap();
            println!("peer {}", identity.peer_id());
        }
        Ok("connections") => {
            let opened = connect(variable(ARGUMENT).parse().unwrap());
            println!("opened {opened}");
        }
        Ok("serve") => {
            let (_runtime, node) = serve(&variable(ARGUMENT));
            println!("listens {}", node.listeners()[0]);
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        _ => {}
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// 10,000 connections, all kept open at once. Some say nothing, some begin a handshake and stop,
/// some send what is none.
fn connect(address: SocketAddr) -> usize {
    let mut open = Vec::new();
    for at in 0..10_000 {
        let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_secs(10)) else {
            continue;
        };
        let said: &[u8] = match at % 4 {
            0 => b"\x13/multistream/1.0.0\n\x07/noise\n",
            1 => b"GET / HTTP/1.1\r\n\r\n",
            2 => &[0xff; 64],
            _ => b"",
        };
        // It may be closed already.
        let _refused = stream.write_all(said);
        open.push(stream);
    }
    open.len()
}

/// A node. The argument is how many bytes its messages may have, alone and together, and how many
/// seconds it waits for one.
fn serve(limits: &str) -> (tokio::runtime::Runtime, Walkie) {
    let limits: Vec<usize> = limits.split(' ').map(|limit| limit.parse().unwrap()).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = config(WalkieRoles::WrDataProviderInt);
    config.limits.message_bytes = limits[0];
    config.limits.bytes_in_flight = limits[1];
    config.limits.request = Duration::from_secs(limits[2] as u64);
    let node = runtime.block_on(start(config));
    (runtime, node)
}

/// A node in a process of its own, so that its memory can be told from the tests'.
pub(crate) struct Server {
    process: Child,
    pub(crate) place: Multiaddr,
}

impl Server {
    pub(crate) fn start(longest: usize, in_flight: usize, patience: Duration) -> Self {
        let limits = format!("{longest} {in_flight} {}", patience.as_secs());
        let mut process = run("serve", &limits, 0);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let place = lines
            .find_map(|line| line.unwrap().split_once("listens ")?.1.parse().ok())
            .expect("it says where it listens");
        // What else it says is shown, and does not fill the pipe.
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| eprintln!("{line}"));
        });
        Self { process, place }
    }

    /// Bytes of memory that it has now, and the most that it ever had.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.expect("it still runs");
        let read = |field: &str| -> usize {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
        };
        (read("VmRSS:"), read("VmHWM:"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _status = self.process.wait();
    }
}

pub(crate) fn run(task: &str, argument: &str, start_at: u64) -> Child {
    // A process may hold some thousand files open, unless it asks for more.
    let script = r#"ulimit -n 12000 && exec "$@""#;
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["processes::another_process", "--exact", "--ignored", "--nocapture"])
        .env(TASK, task)
        .env(ARGUMENT, argument)
        .env(START_AT, start_at.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it printed behind `word`.
pub(crate) fn said(process: Child, word: &str) -> String {
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "the other process failed");
    let output = String::from_utf8(output.stdout).unwrap();
    let line = output.lines().find_map(|line| line.split_once(&format!("{word} ")));
    line.unwrap_or_else(|| panic!("no {word} in {output}")).1.to_owned()
}

#[test]
fn processes_that_start_on_an_empty_folder_end_with_one_key() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let folder = folder.path().join(round.to_string());
        let start_at = now_ms() + 500;
        let starts: Vec<_> =
            (0..4).map(|_| run("identity", folder.to_str().unwrap(), start_at)).collect();
        let peers: Vec<_> = starts.into_iter().map(|process| said(process, "peer")).collect();
        let kept = Identity::load(&folder, Name::Lifecycle).unwrap().peer_id().to_string();
        assert!(peers.iter().all(|peer| *peer == kept), "{peers:?}, {kept}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no drafts are left");
    }
}
