//! What systemd and Docker are given: it is what they take, and names what prb has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fixture::{Prb, text};

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

/// The units, with the binary of this build where they have the installed one.
fn units() -> Vec<(String, String)> {
    let mut units: Vec<_> = fs::read_dir(deploy("systemd"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "service" || it == "target"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let unit = fs::read_to_string(&path).unwrap();
            (name, unit.replace("/usr/local/bin/prb", env!("CARGO_BIN_EXE_prb")))
        })
        .collect();
    units.sort();
    units
}

#[test]
fn units_start_what_there_is_and_have_their_files() {
    for (name, unit) in units().iter().filter(|(name, _)| name.ends_with(".service")) {
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let words = start.strip_prefix(env!("CARGO_BIN_EXE_prb")).unwrap();
        // What precedes --help has to be known.
        let output = Prb::new().run(&format!("{words} --help"));
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        for line in unit.lines().filter_map(|line| line.strip_prefix("EnvironmentFile=")) {
            let file = line.trim_start_matches('-').strip_prefix("/etc/prb/").unwrap();
            assert!(deploy("systemd").join(file).is_file(), "{name}: no {file}");
        }
    }
}

/// On machines that have it.
#[test]
fn systemd_takes_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        eprintln!("systemd-analyze is not installed: not checked");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", "--recursive-errors=no"]);
    for (name, unit) in units() {
        let path = folder.path().join(name);
        fs::write(&path, unit).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success() && !said.contains("prb"), "{said}");
}
