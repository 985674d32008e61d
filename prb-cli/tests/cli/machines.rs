//! Where processes run: all on this machine, or each on one of its own, as network namespaces on
//! one switch.

use std::process::Command;

/// A machine.
#[derive(Clone)]
pub(crate) struct Machine {
    /// Its namespace, unless it is this one.
    namespace: Option<String>,
    /// Where the others reach it.
    pub(crate) address: String,
}

impl Machine {
    /// This one, by its loopback.
    pub(crate) fn this() -> Self {
        Self { namespace: None, address: "127.0.0.1".into() }
    }

    /// The command, to run there.
    pub(crate) fn command(&self, command: Command) -> Command {
        let Some(namespace) = &self.namespace else { return command };
        let mut there = Command::new("ip");
        there
            .args(["netns", "exec", namespace])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => there.env(key, value),
                None => there.env_remove(key),
            };
        }
        there
    }
}

/// Machines on one switch; removed with all that runs on them.
pub(crate) struct Machines {
    name: String,
    count: usize,
}

impl Machines {
    pub(crate) fn new(count: usize) -> Self {
        let machines = Self { name: format!("prb{}s", std::process::id()), count };
        let switch = machines.namespace("switch");
        ip(&format!("netns add {switch}"));
        ip(&format!("-n {switch} link add switch type bridge"));
        ip(&format!("-n {switch} link set switch up"));
        for at in 0..count {
            let machine = machines.namespace(&at.to_string());
            ip(&format!("netns add {machine}"));
            ip(&format!(
                "link add lan netns {machine} type veth peer name port{at} netns {switch}"
            ));
            ip(&format!("-n {switch} link set port{at} master switch"));
            ip(&format!("-n {switch} link set port{at} up"));
            ip(&format!("-n {machine} addr add {}/24 dev lan", address(at)));
            ip(&format!("-n {machine} link set lan up"));
            ip(&format!("-n {machine} link set lo up"));
            // Multicast wants a route.
            ip(&format!("-n {machine} route add default via 10.98.0.254"));
        }
        machines
    }

    pub(crate) fn get(&self, at: usize) -> Machine {
        let namespace = Some(self.namespace(&at.to_string()));
        Machine { namespace, address: address(at) }
    }

    fn namespace(&self, name: &str) -> String {
        format!("{}{name}", self.name)
    }
}

fn address(at: usize) -> String {
    format!("10.98.0.{}", at + 1)
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in (0..self.count).map(|at| at.to_string()).chain(["switch".to_owned()]) {
            let arguments = ["netns", "del", &self.namespace(&name)];
            let _gone_already = Command::new("ip").args(arguments).status();
        }
    }
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Whether there can be no machines here. Says so loudly; nothing is tested then.
pub(crate) fn impossible() -> bool {
    if std::env::var_os("PRB_SKIP_NAMESPACES").is_some() {
        eprintln!("SKIPPED by PRB_SKIP_NAMESPACES: nothing was tested across machines");
        return true;
    }
    let listed = Command::new("ip").args(["netns", "add", "prbprobe"]).output();
    let able = listed.is_ok_and(|ip| ip.status.success());
    if able {
        ip("netns del prbprobe");
    } else {
        eprintln!("SKIPPED: machines need root and `ip` (package iproute2); nothing was tested");
    }
    !able
}
