//! Tables for people.

use std::fmt::Write as _;

use crate::view::text::single_line;

/// Between columns.
const GAP: usize = 2;

/// A line for the names of the columns and one for each row; a column is as wide as its widest
/// cell.
pub(crate) fn table(names: &[&str], rows: &[Vec<String>]) -> String {
    let names = names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let rows = rows.iter().map(|row| row.iter().map(|cell| single_line(cell)).collect());
    let rows: Vec<Vec<String>> = std::iter::once(names).chain(rows).collect();
    let mut widths = Vec::new();
    for row in &rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _infallible = write!(line, "{cell:<width$}", width = width + GAP);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_needed_and_no_cell_breaks_a_line() {
        let rows = [
            vec!["节点-3".to_owned(), "2".to_owned(), "a\u{1b}[2J\nb".to_owned()],
            vec!["w".to_owned(), "4294967297".to_owned(), String::new()],
        ];
        let text = table(&["NAME", "POOL", "MESSAGE"], &rows);
        assert_eq!(
            text,
            "NAME  POOL        MESSAGE\n节点-3  2           a [2J b\nw     4294967297\n"
        );
    }
}
