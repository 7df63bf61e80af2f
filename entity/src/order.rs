//! The order in which a transaction takes the rows at which all of a tenant's transactions meet. Two that took them the other way
//! round would wait for each other until PostgreSQL ended one of them; in builds with debug assertions each statement is held
//! against the order, so that whichever test runs through a wrong one fails, alone on its machine or not.

use std::sync::atomic::{AtomicU8, Ordering};

/// The tables of these rows, in their order. Records of the audit log come last of all: the commit writes them.
const ORDER: [&str; 6] = [
    "company_lease",
    "sync",
    "connection",
    "connection_grant",
    "alert",
    "turn",
];

/// Which of them a transaction has taken: a bit for each place.
#[derive(Debug, Default)]
pub(crate) struct Taken(AtomicU8);

impl Taken {
    /// Notes what a statement takes. What is held already may be taken again at any time.
    ///
    /// # Panics
    /// The transaction holds something that comes later.
    #[allow(
        clippy::panic,
        reason = "a test that runs through a wrong order says where"
    )]
    pub(crate) fn note(&self, sql: &str) {
        for table in written(sql) {
            let Some(place) = ORDER.iter().position(|row| *row == table) else {
                continue;
            };
            let held = self.0.fetch_or(1 << place, Ordering::Relaxed);
            let is_held = |place: &usize| held & (1 << place) != 0;
            if let Some(later) = (place + 1..ORDER.len()).find(is_held)
                && !is_held(&place)
            {
                panic!(
                    "`{table}` is taken after `{}`, which comes later in the order of entity/src/order.rs: {sql}",
                    ORDER[later]
                );
            }
        }
    }
}

// The tables whose rows a statement locks: what it updates, inserts into or deletes from; and what it reads for an update.
fn written(sql: &str) -> impl Iterator<Item = &str> {
    let reads_lock = sql.contains("FOR UPDATE") || sql.contains("FOR NO KEY UPDATE");
    let locks = reads_lock || sql.trim_start().starts_with("DELETE");
    let words = sql.split_whitespace();
    let following = words.clone().skip(1);
    words.zip(following).filter_map(move |(word, table)| {
        let takes = match word.trim_start_matches('(') {
            "UPDATE" | "INTO" => true,
            "FROM" => locks,
            _ => false,
        };
        takes.then(|| table.trim_matches(|c: char| !c.is_alphanumeric() && c != '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(sql: &str) -> Vec<&str> {
        written(sql).collect()
    }

    #[test]
    fn what_a_statement_locks_is_read_from_it() {
        assert_eq!(takes("UPDATE sync SET x = 1"), ["sync"]);
        assert_eq!(takes("SELECT 1 FROM sync"), [""; 0]);
        assert_eq!(takes("SELECT 1 FROM sync WHERE x FOR UPDATE"), ["sync"]);
        assert_eq!(takes("DELETE FROM sync WHERE x"), ["sync"]);
        assert_eq!(
            takes("WITH told AS (UPDATE alert SET x = 1 RETURNING id) SELECT id FROM told"),
            ["alert"]
        );
        assert_eq!(
            takes("INSERT INTO alert (id) VALUES ($2) ON CONFLICT (id) DO UPDATE SET x = 1"),
            ["alert", "SET"]
        );
    }

    #[test]
    #[should_panic(expected = "`alert` is taken after `turn`")]
    fn what_comes_earlier_is_not_taken_later() {
        let taken = Taken::default();
        taken.note("UPDATE sync SET x = 1");
        taken.note("UPDATE turn SET x = 1");
        taken.note("UPDATE alert SET x = 1");
    }

    #[test]
    fn what_is_held_may_be_taken_again() {
        let taken = Taken::default();
        for sql in ["UPDATE alert SET x = 1", "UPDATE turn SET x = 1"].repeat(2) {
            taken.note(sql);
        }
    }
}
