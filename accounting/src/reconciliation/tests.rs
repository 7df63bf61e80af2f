//! Books are made of what was posted, things happen to them, and each is found: no more, and no less.

use super::*;
use crate::Side;
use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::prelude::*;

fn day(number: u8) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1 + u32::from(number % 28)).unwrap()
}

fn line(account: u8, side: Side, cents: u16) -> PostedLine {
    PostedLine {
        account: Ref::from(account.to_string()),
        side,
        amount: format!("{}.{:02}", cents / 100, cents % 100),
    }
}

fn content(place: usize, amounts: &[u16]) -> Content {
    Content {
        number: Some(format!("1{place:05}")),
        date: day(place as u8),
        lines: amounts
            .iter()
            .enumerate()
            .flat_map(|(nth, cents)| {
                [
                    line(nth as u8, Side::Debit, *cents),
                    line(10 + nth as u8, Side::Credit, *cents),
                ]
            })
            .collect(),
    }
}

fn posted(entries: &[Vec<u16>]) -> Vec<Ours> {
    entries
        .iter()
        .enumerate()
        .map(|(place, amounts)| Ours {
            entry: Ref::from((place + 1).to_string()),
            event: Ref::from(format!("evt_{place}")),
            content: content(place, amounts),
            hash: format!("hash{place}"),
        })
        .collect()
}

fn standing(ours: &Ours) -> Theirs {
    Theirs {
        entry: ours.entry.clone(),
        content: ours.content.clone(),
        marks: vec![Mark {
            event: ours.event.clone(),
            hash: ours.hash.clone(),
        }],
    }
}

/// What may happen to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Left,
    Deleted,
    Missing,
    Amount,
    Date,
    Account,
    Number,
    Unmarked,
    Copied,
    Retyped,
    Replaced,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Left),
        1 => Just(Fate::Deleted),
        1 => Just(Fate::Missing),
        1 => Just(Fate::Amount),
        1 => Just(Fate::Date),
        1 => Just(Fate::Account),
        1 => Just(Fate::Number),
        1 => Just(Fate::Unmarked),
        1 => Just(Fate::Copied),
        1 => Just(Fate::Retyped),
        1 => Just(Fate::Replaced),
    ]
}

fn happen(ours: &Ours, fate: Fate, books: &mut Vec<Theirs>, known: &mut Known) -> Vec<(Kind, Ref)> {
    let mut entry = standing(ours);
    let other = Ref::from(format!("9{}", ours.entry));
    let kind = match fate {
        Fate::Left => None,
        Fate::Deleted | Fate::Missing | Fate::Replaced => {
            match fate {
                Fate::Missing => known.absent.insert(ours.entry.clone()),
                _ => known.deleted.insert(ours.entry.clone()),
            };
            if fate == Fate::Replaced {
                books.push(Theirs {
                    entry: other,
                    ..entry
                });
                return Vec::new();
            }
            let kind = if fate == Fate::Deleted {
                Kind::Deleted
            } else {
                Kind::Missing
            };
            return vec![(kind, ours.entry.clone())];
        }
        Fate::Amount => {
            entry.content.lines[0].amount = "77777.77".to_owned();
            entry.content.lines[1].amount = "77777.77".to_owned();
            Some(Kind::Edited)
        }
        Fate::Date => {
            entry.content.date = entry.content.date.succ_opt().unwrap();
            Some(Kind::Edited)
        }
        Fate::Account => {
            entry.content.lines[0].account = Ref::from("500");
            Some(Kind::Edited)
        }
        Fate::Number => {
            entry.content.number = None;
            Some(Kind::Edited)
        }
        Fate::Unmarked => {
            entry.marks.clear();
            Some(Kind::Edited)
        }
        Fate::Copied => {
            books.push(Theirs {
                entry: other.clone(),
                ..entry.clone()
            });
            books.push(entry);
            return vec![(Kind::Duplicated, other)];
        }
        Fate::Retyped => {
            books.push(Theirs {
                entry: other.clone(),
                marks: Vec::new(),
                ..entry.clone()
            });
            books.push(entry);
            return vec![(Kind::Foreign, other)];
        }
    };
    books.push(entry);
    kind.map(|kind| (kind, ours.entry.clone()))
        .into_iter()
        .collect()
}

fn told(reconciled: &Reconciled) -> Vec<(Kind, Ref)> {
    let mut told: Vec<_> = reconciled
        .findings
        .iter()
        .map(|finding| (finding.kind, finding.entry.clone()))
        .collect();
    told.sort();
    told
}

proptest! {
    #[test]
    fn what_happened_is_found_and_nothing_else(
        entries in vec((vec(1u16..5000, 1..4), fates()), 0..12), seed in any::<u64>(),
    ) {
        let amounts: Vec<_> = entries.iter().map(|(amounts, _)| amounts.clone()).collect();
        let ours = posted(&amounts);
        let (mut books, mut known, mut happened) = (Vec::new(), Known::default(), Vec::new());
        for (one, (_, fate)) in ours.iter().zip(&entries) {
            happened.extend(happen(one, *fate, &mut books, &mut known));
        }
        happened.sort();
        // Neither the order of entries nor that of lines means anything.
        let turn = if books.is_empty() { 0 } else { seed as usize % books.len() };
        books.rotate_left(turn);
        for entry in &mut books {
            entry.content.lines.reverse();
        }
        prop_assert_eq!(told(&reconcile(&ours, &books, &known)), happened);
    }

    #[test]
    fn differences_lead_from_one_content_to_the_other(
        was in vec((0u8..4, any::<bool>(), 1u16..6), 0..8), is in vec((0u8..4, any::<bool>(), 1u16..6), 0..8),
    ) {
        let lines = |rows: &[(u8, bool, u16)]| -> Vec<PostedLine> {
            rows.iter()
                .map(|(account, debit, cents)| line(*account, if *debit { Side::Debit } else { Side::Credit }, *cents))
                .collect()
        };
        let (was, is) = (lines(&was), lines(&is));
        let content = |lines: &[PostedLine]| Content { number: None, date: day(1), lines: lines.to_vec() };
        let mut walked = was.clone();
        for difference in differences(&content(&was), &content(&is)) {
            let Difference::Line { account, side, was, is } = difference else {
                return Err(TestCaseError::fail("only lines differ"));
            };
            prop_assert_ne!(&was, &is);
            if let Some(amount) = was {
                let gone = PostedLine { account: account.clone(), side, amount };
                let place = walked.iter().position(|line| *line == gone);
                walked.remove(place.unwrap());
            }
            if let Some(amount) = is {
                walked.push(PostedLine { account, side, amount });
            }
        }
        let mut is = is;
        walked.sort();
        is.sort();
        prop_assert_eq!(walked, is);
    }
}

#[test]
fn an_amount_that_was_changed_is_told_line_by_line() {
    let ours = posted(&[vec![5000, 700]]);
    let mut entry = standing(&ours[0]);
    entry.content.lines[0].amount = "60.00".to_owned();
    entry.content.lines[1].amount = "60.00".to_owned();
    let found = reconcile(&ours, &[entry], &Known::default());
    let changed = |account: &str, side| Difference::Line {
        account: account.into(),
        side,
        was: Some("50.00".to_owned()),
        is: Some("60.00".to_owned()),
    };
    assert_eq!(
        found.findings[0].differences,
        [changed("0", Side::Debit), changed("10", Side::Credit)]
    );
}

#[test]
fn what_is_in_doubt_is_not_foreign_and_an_unknown_mark_is() {
    let ours = posted(&[vec![100]]);
    let mut stray = standing(&ours[0]);
    stray.entry = "77".into();
    let mut known = Known::default();
    let found = reconcile(&[], std::slice::from_ref(&stray), &known);
    assert_eq!(told(&found), [(Kind::Foreign, "77".into())]);
    assert_eq!(found.findings[0].foreign, Some(Foreign::UnknownMark));
    known.unsettled.insert(ours[0].event.clone());
    assert_eq!(reconcile(&[], &[stray], &known), Reconciled::default());
}

#[test]
fn an_entry_that_was_not_read_is_taken_to_be_there() {
    let ours = posted(&[vec![100], vec![200]]);
    let mut copy = standing(&ours[1]);
    copy.entry = "77".into();
    let found = reconcile(&ours, &[copy], &Known::default());
    assert_eq!(told(&found), [(Kind::Duplicated, "77".into())]);
}

#[test]
fn of_several_that_stand_in_for_a_deleted_entry_the_one_that_says_the_same_does() {
    let ours = posted(&[vec![100]]);
    let mut wrong = standing(&ours[0]);
    wrong.entry = "50".into();
    wrong.content.date = day(20);
    let mut right = standing(&ours[0]);
    right.entry = "51".into();
    let mut known = Known::default();
    known.deleted.insert(ours[0].entry.clone());
    let found = reconcile(&ours, &[wrong.clone(), right], &known);
    assert_eq!(found.stand_ins, [("1".into(), "51".into())]);
    assert_eq!(told(&found), [(Kind::Duplicated, "50".into())]);
    let found = reconcile(&ours, &[wrong], &known);
    assert_eq!(told(&found), [(Kind::Edited, "50".into())]);
}
