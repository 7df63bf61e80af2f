//! What an entry says, and in what two of them differ: number, date and lines, a side of an account at a time.

use crate::{Ref, Side};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its number; it may have lost it.
    pub number: Option<String>,
    /// The day it counts for.
    pub date: NaiveDate,
    /// What it posts, in any order.
    pub lines: Vec<PostedLine>,
}

/// What a line posts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostedLine {
    /// To which account.
    pub account: Ref,
    /// To which side of it.
    pub side: Side,
    /// How much, as decimal text in its one normal form, so that the same amount is the same text.
    pub amount: String,
}

/// One thing that an entry says otherwise than it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Another number, or none.
    Number {
        /// As it was posted.
        was: Option<String>,
        /// As it is.
        is: Option<String>,
    },
    /// Another day.
    Date {
        /// As it was posted.
        was: NaiveDate,
        /// As it is.
        is: NaiveDate,
    },
    /// A line has another amount; it was added where it was not, and taken out where it is not.
    Line {
        /// To which account.
        account: Ref,
        /// To which side of it.
        side: Side,
        /// The amount as it was posted.
        was: Option<String>,
        /// The amount as it is.
        is: Option<String>,
    },
    /// The note lost the mark by which the entry is known to be ours, or it was changed.
    Mark,
}

/// What `is` says otherwise than `was`: number, date, then lines by account, debits first. Empty where they say the same.
#[must_use]
pub fn differences(was: &Content, is: &Content) -> Vec<Difference> {
    let mut found = Vec::new();
    if was.number != is.number {
        found.push(Difference::Number {
            was: was.number.clone(),
            is: is.number.clone(),
        });
    }
    if was.date != is.date {
        found.push(Difference::Date {
            was: was.date,
            is: is.date,
        });
    }
    let mut lines = by_place(&was.lines);
    let mut now = by_place(&is.lines);
    let places: BTreeSet<Place> = lines.keys().chain(now.keys()).cloned().collect();
    for place in places {
        let before = lines.remove(&place).unwrap_or_default();
        let after = now.remove(&place).unwrap_or_default();
        let (before, after) = (without(&before, &after), without(&after, &before));
        for at in 0..before.len().max(after.len()) {
            found.push(Difference::Line {
                account: place.0.clone(),
                side: place.1,
                was: before.get(at).cloned(),
                is: after.get(at).cloned(),
            });
        }
    }
    found
}

type Place = (Ref, Side);

// The amounts of each side of each account, sorted: the order of lines means nothing.
fn by_place(lines: &[PostedLine]) -> BTreeMap<Place, Vec<String>> {
    let mut places: BTreeMap<Place, Vec<String>> = BTreeMap::new();
    for line in lines {
        places
            .entry((line.account.clone(), line.side))
            .or_default()
            .push(line.amount.clone());
    }
    for amounts in places.values_mut() {
        amounts.sort_unstable();
    }
    places
}

// Those of `amounts` that `others` does not hold as often.
fn without(amounts: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut left = Vec::new();
    for amount in amounts {
        match others.iter().position(|other| other == amount) {
            Some(place) => {
                others.swap_remove(place);
            }
            None => left.push(amount.clone()),
        }
    }
    left
}
