//! The operators' secrets, which version 3 tells nobody: they are entered again.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use prb_core::lifecycle::OperatorSecret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use subxt::utils::AccountId32;
use zeroize::Zeroizing;

/// Digits of a secret key as version 3 took it, without 0x.
const KEY_DIGITS: usize = 128;

/// Reads the secret of each account: a line each, in any order, since a secret tells its account.
pub(super) fn read(accounts: &BTreeMap<String, AccountId32>) -> Result<Vec<OperatorSecret>> {
    let _silent = Silent::terminal()?;
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let mut said = io::stderr();
        writeln!(said, "Enter the secrets of these accounts, a line each; they are not shown:")?;
        for address in accounts.keys() {
            writeln!(said, "  {address}")?;
        }
    }
    of_lines(stdin.lock(), accounts)
}

fn of_lines(
    mut lines: impl BufRead,
    accounts: &BTreeMap<String, AccountId32>,
) -> Result<Vec<OperatorSecret>> {
    let mut secrets: Vec<OperatorSecret> = Vec::new();
    let mut number = 0;
    while secrets.len() < accounts.len() {
        let mut line = Zeroizing::new(String::new());
        if lines.read_line(&mut line).context("cannot read the secrets")? == 0 {
            let known = |account: &AccountId32| secrets.iter().any(|it| it.account() == *account);
            let missing = accounts.iter().filter(|(_, account)| !known(account));
            let missing: Vec<&str> = missing.map(|(address, _)| address.as_str()).collect();
            bail!("the secrets of these accounts are missing: {}", missing.join(", "));
        }
        number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let secret = secret(&line).with_context(|| format!("line {number}"))?;
        if !accounts.values().any(|account| *account == secret.account()) {
            bail!("line {number}: version 3 has no pool of {}", secret.account());
        }
        if secrets.iter().all(|it| it.account() != secret.account()) {
            secrets.push(secret);
        }
    }
    Ok(secrets)
}

fn secret(line: &str) -> Result<OperatorSecret> {
    let line = line.trim();
    let is_key = line.len() == KEY_DIGITS && line.bytes().all(|it| it.is_ascii_hexdigit());
    let text = if is_key { Zeroizing::new(format!("0x{line}")) } else { line.to_owned().into() };
    Ok(OperatorSecret::read(&text, "")?)
}

/// Keeps a terminal from showing what is typed, until dropped.
struct Silent(Option<Termios>);

impl Silent {
    fn terminal() -> Result<Self> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(Self(None));
        }
        let before = tcgetattr(&stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // Nobody is left to be told when the terminal is gone.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> BTreeMap<String, AccountId32> {
        let account = |text: &str| OperatorSecret::read(text, "").unwrap().account();
        [("A".to_owned(), account("//Alice")), ("B".to_owned(), account("//Bob"))].into()
    }

    #[test]
    fn secrets_are_taken_in_any_order_and_are_those_of_the_accounts() {
        let read = |text: &str| of_lines(text.as_bytes(), &accounts());
        let secrets = read("//Bob\n\n//Alice\nrest\n").unwrap();
        assert_eq!(secrets[0].account(), accounts()["B"]);
        let error = read("//Bob\n//Bob\n").unwrap_err().to_string();
        assert_eq!(error, "the secrets of these accounts are missing: A");
        let error = read("//Charlie\n").unwrap_err().to_string();
        assert!(error.starts_with("line 1: version 3 has no pool of"), "{error}");
        let error = format!("{:#}", read("not a phrase\n").unwrap_err());
        assert!(error.starts_with("line 1") && !error.contains("not a phrase"), "{error}");
    }

    #[test]
    fn a_secret_key_is_taken_as_version_3_took_it() {
        let alice = OperatorSecret::read("//Alice", "").unwrap();
        let owner = alice.to_owner();
        let hex = owner.mnemonic.strip_prefix("0x").unwrap();
        assert_eq!(secret(hex).unwrap().account(), alice.account());
    }
}
