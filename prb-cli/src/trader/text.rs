//! Accounts and dry runs for people.

use std::fmt::Write as _;

use prb_core::queue::CallOutcome;
use prb_core::trader::{DryRun, PublishedAccount, Verdict};

use crate::output::table;
use crate::view::text::single_line;

/// Planck of one PHA.
const TOKEN: u128 = 1_000_000_000_000;

/// A table of accounts, and below it what a person should see to.
pub(super) fn accounts(accounts: &[PublishedAccount]) -> String {
    if accounts.is_empty() {
        return "no trader has told of an account in the last minute\n".to_owned();
    }
    let mut text = account_table(accounts);
    for account in accounts {
        for note in notes(account) {
            let _infallible = writeln!(text, "{}: {}", account.account, single_line(&note));
        }
    }
    text
}

/// The table alone.
pub(crate) fn account_table(accounts: &[PublishedAccount]) -> String {
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let names = ["ACCOUNT", "POOLS", "BALANCE", "NONCE", "IN FLIGHT", "PENDING", "PROXY FOR"];
    table(&names, &rows)
}

fn row(account: &PublishedAccount) -> Vec<String> {
    let pools: Vec<_> = account.pools.iter().map(ToString::to_string).collect();
    let proxied = account.proxied.iter().map(|proxied| {
        let kinds = if proxied.kinds.is_empty() { "none".into() } else { proxied.kinds.join("+") };
        format!("{} ({kinds})", proxied.account)
    });
    vec![
        account.account.clone(),
        pools.join(","),
        account.balance.as_ref().map_or_else(|| "-".to_owned(), |planck| pha(planck)),
        account.nonce.map_or_else(|| "-".to_owned(), |nonce| nonce.to_string()),
        account.in_flight.to_string(),
        account.pending.to_string(),
        proxied.collect::<Vec<_>>().join(" "),
    ]
}

/// What a person should see to, and what was amiss before.
pub(crate) fn notes(account: &PublishedAccount) -> Vec<String> {
    let mut notes = needs(account);
    notes.extend(account.last_error.iter().map(|error| format!("last went wrong: {error}")));
    notes
}

/// What a person should see to now.
pub(crate) fn needs(account: &PublishedAccount) -> Vec<String> {
    let mut notes = Vec::new();
    if account.low_balance {
        notes.push("the balance is low: send it some tokens".to_owned());
    }
    for proxied in &account.proxied {
        let refused: Vec<_> =
            proxied.admits.iter().filter(|(_, admitted)| !**admitted).map(|it| &**it.0).collect();
        if proxied.kinds.is_empty() {
            notes.push(format!("it is no proxy of {}", proxied.account));
        } else if !refused.is_empty() {
            notes.push(format!("for {} it may not {}", proxied.account, refused.join(", ")));
        }
    }
    notes.extend(account.settling.iter().map(|why| format!("sends nothing new: {why}")));
    notes
}

/// Planck as PHA with four digits.
pub(crate) fn pha(planck: &str) -> String {
    let Ok(planck) = planck.parse::<u128>() else { return "-".to_owned() };
    format!("{}.{:04} PHA", planck / TOKEN, planck % TOKEN / (TOKEN / 10_000))
}

/// What would come of a job.
pub(super) fn dry_run(told: &DryRun) -> String {
    let mut text = String::new();
    for (call, does) in &told.calls {
        let _infallible = writeln!(text, "{call}: {}", single_line(does));
    }
    let mut line = format!("signed by {} with nonce {}", told.signer_address(), told.nonce);
    if let Some(proxied) = told.proxied_address() {
        let _infallible = write!(line, " for {proxied}");
    }
    let fee = told.fee.map_or_else(String::new, |fee| format!(", fee {}", pha(&fee.to_string())));
    let _infallible = writeln!(text, "{line}, {} bytes{fee}", told.bytes);
    let verdict = match &told.verdict {
        Verdict::Call(CallOutcome::Ok) => "it would be executed".to_owned(),
        Verdict::Call(CallOutcome::Error { error, docs }) if docs.is_empty() => {
            format!("it would fail: {error}")
        }
        Verdict::Call(CallOutcome::Error { error, docs }) => {
            format!("it would fail: {error}: {docs}")
        }
        Verdict::Invalid(why) => format!("it would get into no block: {why}"),
        _ => "it would get into a block; what each call comes to is told only there".to_owned(),
    };
    let _infallible = writeln!(text, "{}", single_line(&verdict));
    text
}

#[cfg(test)]
mod tests {
    use prb_core::trader::PublishedProxied;

    use super::*;

    #[test]
    fn an_account_takes_a_line_and_what_is_wrong_with_it_others() {
        let account = PublishedAccount {
            account: "Signer".into(),
            pools: vec![1, 7],
            nonce: Some(5),
            balance: Some("1500000000000".into()),
            low_balance: true,
            in_flight: 2,
            pending: 3,
            settling: None,
            proxied: vec![PublishedProxied {
                account: "Owner".into(),
                kinds: vec!["NonTransfer".into()],
                admits: [("A.b".to_owned(), true), ("A.c".to_owned(), false)].into(),
            }],
            last_error: Some("cut\u{1b}\n".into()),
            at: 1,
        };
        let told = accounts(&[account]);
        let lines: Vec<_> = told.lines().collect();
        assert_eq!(lines[0], "ACCOUNT  POOLS  BALANCE     NONCE  IN FLIGHT  PENDING  PROXY FOR");
        assert_eq!(
            lines[1],
            "Signer   1,7    1.5000 PHA  5      2          3        Owner (NonTransfer)"
        );
        assert_eq!(lines[2], "Signer: the balance is low: send it some tokens");
        assert_eq!(lines[3], "Signer: for Owner it may not A.c");
        assert!(lines[4].starts_with("Signer: last went wrong: cut"));
        assert!(!told.contains('\u{1b}') && lines.len() == 5, "{told:?}");
        assert!(accounts(&[]).starts_with("no trader"));
    }
}
