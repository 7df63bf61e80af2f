//! Statements of QuickBooks' query language.

use chrono::NaiveDate;

/// Most rows of one answer. [DOC-REST]
pub const PAGE_ROWS_MAX: usize = 1000;

/// A literal: quoted, with quotes and backslashes escaped, so that no text ends it early.
pub(crate) fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        if matches!(character, '\'' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal.push('\'');
    literal
}

/// A list, active and inactive rows (the default is active only), a page from a position counted from 1.
pub(crate) fn list(entity: &str, start_position: u32, rows_max: usize) -> String {
    let start = start_position.max(1);
    format!(
        "select * from {entity} where Active in (true, false) orderby Id startposition {start} maxresults {rows_max}"
    )
}

/// Entries with any of these numbers, of which there is at least one.
pub(crate) fn journal_entries(numbers: &[&str], rows_max: usize) -> String {
    let condition = match numbers {
        [number] => format!("= {}", literal(number)),
        numbers => {
            let literals: Vec<String> = numbers.iter().map(|number| literal(number)).collect();
            format!("in ({})", literals.join(", "))
        }
    };
    format!("select * from JournalEntry where DocNumber {condition} maxresults {rows_max}")
}

/// Entries with any of these ids, of which there is at least one.
pub(crate) fn journal_entries_of(ids: &[&str], rows_max: usize) -> String {
    let literals: Vec<String> = ids.iter().map(|id| literal(id)).collect();
    format!(
        "select * from JournalEntry where Id in ({}) maxresults {rows_max}",
        literals.join(", ")
    )
}

/// Entries of the days of a window, both ends included; a page in order of id, from a position counted from 1.
pub(crate) fn journal_entries_dated(
    from: NaiveDate,
    to: NaiveDate,
    start_position: u32,
    rows_max: usize,
) -> String {
    let (from, to) = (literal(&from.to_string()), literal(&to.to_string()));
    let start = start_position.max(1);
    format!(
        "select * from JournalEntry where TxnDate >= {from} and TxnDate <= {to} orderby Id startposition {start} maxresults {rows_max}"
    )
}

/// All entries; a page in order of id, from a position counted from 1.
pub(crate) fn journal_entries_of_all_days(start_position: u32, rows_max: usize) -> String {
    let start = start_position.max(1);
    format!("select * from JournalEntry orderby Id startposition {start} maxresults {rows_max}")
}

/// How many entries there are.
pub(crate) const JOURNAL_ENTRY_COUNT: &str = "select count(*) from JournalEntry";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_cannot_be_left() {
        assert_eq!(literal("104233"), "'104233'");
        assert_eq!(literal("O'Hara"), r"'O\'Hara'");
        assert_eq!(literal(r"x\' or 1"), r"'x\\\' or 1'");
    }

    #[test]
    fn one_number_is_equal_and_several_are_in() {
        assert_eq!(
            journal_entries(&["1"], 9),
            "select * from JournalEntry where DocNumber = '1' maxresults 9"
        );
        assert_eq!(
            journal_entries(&["1", "2"], 9),
            "select * from JournalEntry where DocNumber in ('1', '2') maxresults 9"
        );
    }

    #[test]
    fn positions_are_counted_from_one() {
        assert!(list("Class", 0, 10).ends_with("startposition 1 maxresults 10"));
        assert!(list("Class", 1001, 10).ends_with("startposition 1001 maxresults 10"));
    }
}
