//! The live view: a terminal's worth of lines.

use super::text::{height, single_line, stored};
use super::{Heights, View, Worker};

/// Width of a progress bar, in characters.
const BAR: usize = 16;
/// Narrower terminals get the same lines, cut.
const NARROWEST: usize = 20;

/// The lines of a screen of `width` columns and `rows` rows; never more, and none longer.
pub fn render(view: &View, width: usize, rows: usize) -> Vec<String> {
    let mut lines: Vec<_> = view.notes.iter().map(|note| single_line(note)).collect();
    lines.push(chains(view));
    lines.push(String::new());
    let room = rows.saturating_sub(lines.len() + 1);
    let names = view.workers.iter().map(|worker| worker.name.chars().count()).max().unwrap_or(0);
    if view.workers.len() <= room {
        lines.extend(view.workers.iter().map(|worker| line(worker, view, names)));
    } else {
        // Those that need a look come first where not all fit.
        let mut workers: Vec<_> = view.workers.iter().collect();
        workers.sort_by_key(|worker| worker.state == super::State::Computing);
        let shown = room.saturating_sub(1);
        lines.extend(workers.iter().take(shown).map(|worker| line(worker, view, names)));
        lines.push(format!("… and {} more", workers.len() - shown));
    }
    lines.truncate(rows);
    for line in &mut lines {
        *line = cut(line, width.max(NARROWEST));
    }
    lines
}

fn chains(view: &View) -> String {
    let one = |name: &str, heights: Heights| {
        format!("{name} {} (final {})", heights.best, heights.finalized)
    };
    let provider = view.provider.as_ref().map(stored).unwrap_or_default();
    let computing =
        view.workers.iter().filter(|worker| worker.state == super::State::Computing).count();
    format!(
        "{:>6.0}s · computing {computing}/{} · {} · {}{provider}",
        view.elapsed.as_secs_f64(),
        view.workers.len(),
        one("relay", view.relay),
        one("para", view.para),
    )
}

fn line(worker: &Worker, view: &View, names: usize) -> String {
    let line = format!(
        "{:<names$}  {:<10} {} {:>7}/{:<7} relay {:>7}  {}",
        worker.name,
        worker.state.as_str(),
        bar(worker.blocks.unwrap_or(0), view.para.finalized),
        height(worker.blocks),
        view.para.finalized,
        height(worker.relay),
        single_line(&worker.message),
    );
    line.trim_end().to_owned()
}

fn bar(done: u32, of: u32) -> String {
    let full = (u64::from(done.min(of)) * BAR as u64 / u64::from(of.max(1))) as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(BAR - full))
}

fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width - 1).chain(['…']).collect()
}
