//! Whatever is done to an export is found, at the first place that was touched.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

fn link(mut record: Map<String, Value>, at: &Anchor) -> (Map<String, Value>, Anchor) {
    record.insert("sequence".into(), json!(at.sequence + 1));
    record.insert("previous_hash".into(), json!(at.hash));
    let hash = hash_of(&record).unwrap();
    record.insert("hash".into(), json!(hash));
    let at = Anchor {
        sequence: at.sequence + 1,
        hash,
    };
    (record, at)
}

fn fields(words: &(String, String, String)) -> Map<String, Value> {
    let (actor, action, detail) = words;
    let Value::Object(fields) = json!({
        "tenant_id": "ten_00000000000000000000000000", "id": "aud_00000000000000000000000000", "actor": actor,
        "action": action, "subject": "", "recorded_at": "2026-11-26T18:00:00.000000Z", "detail": { "of": detail, "n": [1, null] },
    }) else {
        unreachable!()
    };
    fields
}

/// The lines of a whole export, and its end.
fn lines(records: &[(String, String, String)]) -> (Vec<Vec<u8>>, Anchor) {
    let mut at = Anchor::default();
    let mut lines = Vec::new();
    for words in records {
        let (record, next) = link(fields(words), &at);
        lines.push(canonical(&record).unwrap());
        at = next;
    }
    (lines, at)
}

fn check(lines: &[Vec<u8>], anchor: Option<&Anchor>) -> Result<Anchor, Break> {
    let mut chain = Chain::after(
        Anchor::default(),
        anchor.into_iter().cloned().collect(),
        None,
    );
    for line in lines {
        chain.line(line)?;
    }
    chain.end()
}

fn some() -> impl Strategy<Value = Vec<(String, String, String)>> {
    prop::collection::vec((".{0,8}", "[a-z._]{1,12}", "\\PC{0,8}"), 2..9)
}

proptest! {
    #[test]
    fn a_log_that_nobody_touched_is_whole(records in some()) {
        let (lines, end) = lines(&records);
        prop_assert_eq!(check(&lines, Some(&end)), Ok(end));
    }

    #[test]
    fn a_flipped_bit_is_found_in_its_record(records in some(), line in any::<Index>(), byte in any::<Index>(), bit in 0..8_u32) {
        let (mut lines, _) = lines(&records);
        let place = line.index(lines.len());
        let line = &mut lines[place];
        let byte = byte.index(line.len());
        line[byte] ^= 1 << bit;
        let found = check(&lines, None).unwrap_err();
        let sequence = match found {
            Break::Malformed { sequence } | Break::Sequence { sequence, .. } | Break::Tenant { sequence, .. }
            | Break::Link { sequence } | Break::Hash { sequence } | Break::Anchor { sequence } => sequence,
            Break::Empty | Break::Cut { .. } => 0,
        };
        // Another tenant in the first record is the first tenant seen; its hash tells.
        prop_assert_eq!(sequence, i64::try_from(place).unwrap() + 1);
    }

    #[test]
    fn a_changed_record_with_a_hash_of_its_own_is_found_at_the_next(records in some(), line in any::<Index>()) {
        let (mut lines, end) = lines(&records);
        let place = line.index(lines.len());
        let at = match place {
            0 => Anchor::default(),
            place => check(&lines[..place], None).unwrap(),
        };
        let forged = fields(&("forger".into(), "nothing.happened".into(), String::new()));
        lines[place] = canonical(&link(forged, &at).0).unwrap();
        let after = i64::try_from(place).unwrap() + 2;
        match check(&lines, Some(&end)).unwrap_err() {
            Break::Link { sequence } => prop_assert_eq!(sequence, after),
            // The last one has no next: the anchor tells.
            Break::Anchor { sequence } => prop_assert_eq!(sequence, end.sequence),
            other => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn a_removed_record_is_found_where_it_was(records in some(), line in any::<Index>()) {
        let (mut lines, end) = lines(&records);
        let place = line.index(lines.len());
        lines.remove(place);
        let found = check(&lines, Some(&end)).unwrap_err();
        let sequence = i64::try_from(place).unwrap() + 1;
        if sequence == end.sequence {
            prop_assert_eq!(found, Break::Cut { last: sequence - 1, anchor: sequence });
        } else {
            prop_assert_eq!(found, Break::Sequence { sequence, found: sequence + 1 });
        }
    }

    #[test]
    fn an_inserted_record_is_found(records in some(), line in any::<Index>(), linked in any::<bool>()) {
        let (mut lines, end) = lines(&records);
        let place = line.index(lines.len() + 1);
        let at = check(&lines[..place], None).unwrap();
        let from = if linked { at } else { Anchor::default() };
        let forged = fields(&("forger".into(), "it.was_me".into(), String::new()));
        lines.insert(place, canonical(&link(forged, &from).0).unwrap());
        // At the end it is one more record that follows; only what was there before the anchor is vouched for.
        if place == records.len() && linked {
            prop_assert!(check(&lines, Some(&end)).is_ok());
        } else {
            prop_assert!(check(&lines, Some(&end)).is_err());
        }
    }

    #[test]
    fn reordered_records_are_found(records in some(), one in any::<Index>(), other in any::<Index>()) {
        let (mut lines, end) = lines(&records);
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        prop_assume!(one != other);
        lines.swap(one, other);
        let first = i64::try_from(one.min(other)).unwrap() + 1;
        let second = i64::try_from(one.max(other)).unwrap() + 1;
        prop_assert_eq!(check(&lines, Some(&end)).unwrap_err(), Break::Sequence { sequence: first, found: second });
    }

    #[test]
    fn a_log_cut_off_at_either_end_is_found(records in some(), kept in any::<Index>()) {
        let (lines, end) = lines(&records);
        let kept = kept.index(lines.len());
        let last = i64::try_from(kept).unwrap();
        prop_assert_eq!(check(&lines[..kept], Some(&end)).unwrap_err(), Break::Cut { last, anchor: end.sequence });
        let cut = lines.len() - kept;
        prop_assert!(check(&lines[cut..], None).is_err() || cut == lines.len() || cut == 0);
    }

    #[test]
    fn a_log_written_anew_is_found_by_its_anchor(records in some()) {
        let (_, end) = lines(&records);
        let mut others = records;
        others[0].1.push_str(".not");
        let (anew, _) = lines(&others);
        prop_assert_eq!(check(&anew, None).map(|at| at.sequence), Ok(end.sequence));
        prop_assert_eq!(check(&anew, Some(&end)).unwrap_err(), Break::Anchor { sequence: end.sequence });
    }
}

#[test]
fn a_piece_of_a_log_is_checked_from_where_it_begins() {
    let words = |n: usize| ("a".to_owned(), format!("b{n}"), String::new());
    let (lines, end) = lines(&(0..5).map(words).collect::<Vec<_>>());
    let start = check(&lines[..2], None).unwrap();
    let mut chain = Chain::after(start, vec![end.clone()], None);
    for line in &lines[2..] {
        chain.line(line).unwrap();
    }
    assert_eq!(chain.end(), Ok(end));
}

#[test]
fn what_a_reader_would_see_and_the_hash_would_not_is_refused() {
    let (lines, _) = lines(&[("a".into(), "b".into(), "c".into())]);
    let text = String::from_utf8(lines[0].clone()).unwrap();
    for forged in [
        text.replacen("{", "{\"actor\":\"somebody\",", 1),
        text.replacen(":", ": ", 1),
        format!("{text} "),
        text.replace("\"a\"", "\"\\u0061\""),
    ] {
        assert_ne!(forged, text);
        let found = check(&[forged.clone().into_bytes()], None).unwrap_err();
        assert_eq!(found, Break::Malformed { sequence: 1 }, "{forged}");
    }
}

#[test]
fn numbers_that_a_reader_would_round_are_written_as_texts() {
    let exacted =
        exact(json!({ "n": [1, -9_007_199_254_740_991_i64, 9_007_199_254_740_992_u64, 0.1] }));
    assert_eq!(
        exacted,
        json!({ "n": [1, -9_007_199_254_740_991_i64, "9007199254740992", "0.1"] })
    );
}

#[test]
fn an_anchor_reads_back_and_nothing_else_is_one() {
    let anchor = Anchor {
        sequence: 17,
        hash: "0f".repeat(32),
    };
    assert_eq!(anchor.to_string().parse(), Ok(anchor));
    for text in [
        "",
        "17",
        "17:",
        "17:xyz",
        &format!("-1:{}", "0f".repeat(32)),
        &format!("1:{}", "0F".repeat(32)),
    ] {
        assert_eq!(text.parse::<Anchor>(), Err(InvalidAnchor), "{text}");
    }
}
