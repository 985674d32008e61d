//! Tests that need another process: this test program again, told what to do by its environment.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prb_walkie::identity::{Identity, Name};
use prb_walkie::proto::WalkieRoles;
use prb_walkie::proto::data_provider::GetBlobByKey;

use crate::fixture::{config, pair, start};

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
        _ => {}
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// 10,000 connections, all kept open at once. Some say nothing, some begin a handshake and stop,
/// some send what is none.
fn connect(address: SocketAddr) -> usize {
    use std::io::Write;
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

fn run(task: &str, argument: &str, start_at: u64) -> Child {
    // A process may hold some thousand files open, unless it asks for more.
    let script = r#"ulimit -n 12000 && exec "$@""#;
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["processes::another_process", "--exact", "--ignored", "--nocapture"])
        .env(TASK, task)
        .env(ARGUMENT, argument)
        .env(START_AT, start_at.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it printed behind `word`.
fn said(process: Child, word: &str) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_of_another_process_do_not_disturb_a_peer() {
    let (caller, server) = pair().await;
    let port: u16 = server.listeners()[0].to_string().rsplit('/').next().unwrap().parse().unwrap();
    let started = Instant::now();
    let flood = tokio::task::spawn_blocking(move || {
        said(run("connections", &format!("127.0.0.1:{port}"), 0), "opened")
    });
    let mut calls = 0;
    while !flood.is_finished() {
        let request = GetBlobByKey { key: "size:1000".into() };
        let answer = caller.client(server.peer_id()).get_blob_by_key(request).await.unwrap();
        assert_eq!(answer.into_inner().data.len(), 1000);
        calls += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let opened: usize = flood.await.unwrap().parse().unwrap();
    eprintln!("{opened} connections in {:?}; {calls} calls were answered", started.elapsed());
    assert!(opened > 9_000, "{opened} connections were made");
    assert!(calls > 10, "{calls} calls went on meanwhile");

    // The handshakes that never came are given up within ten seconds, then others get in.
    let late = start(config(WalkieRoles::WrClient)).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while late.dial(server.listeners()[0].clone()).await.is_err() {
        assert!(Instant::now() < deadline, "nobody gets in any more");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
