//! Secrets that would be recognised anywhere, and the search for them in every form they may have taken.

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use std::collections::BTreeSet;

/// The shortest piece of a secret that is searched for: shorter ones stand somewhere by chance.
const PIECE: usize = 20;

/// The forms of what must not be found, and whose each is.
pub struct Canaries {
    search: AhoCorasick,
    whose: Vec<String>,
}

impl Canaries {
    /// Of secrets by their names. A long one is also searched for by pieces, since a log may cut it off.
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let (mut patterns, mut whose) = (Vec::new(), Vec::new());
        for (name, secret) in secrets {
            assert!(secret.len() >= 16, "{name} is too short to be recognised");
            for piece in pieces(secret) {
                for (form, pattern) in forms(piece) {
                    patterns.push(pattern);
                    whose.push(format!("{name}, {form}"));
                }
            }
        }
        Self {
            search: AhoCorasick::new(patterns).unwrap(),
            whose,
        }
    }

    /// What is found in a text, by name and form, with some words before the place to find it by.
    pub fn found_in(&self, text: &[u8]) -> BTreeSet<String> {
        self.search
            .find_overlapping_iter_or_all(text)
            .map(|(pattern, start)| {
                let before =
                    String::from_utf8_lossy(&text[start.saturating_sub(60)..start]).into_owned();
                format!(
                    "{} after `{}`",
                    self.whose[pattern],
                    before.replace('\n', " ")
                )
            })
            .collect()
    }

    /// The names and forms that are found in a text.
    pub fn kinds_in(&self, text: &[u8]) -> BTreeSet<&str> {
        let found = self.search.find_overlapping_iter_or_all(text);
        found
            .map(|(pattern, _)| self.whose[pattern].as_str())
            .collect()
    }
}

// Every match, also one that lies within another.
trait Overlapping {
    fn find_overlapping_iter_or_all(&self, text: &[u8]) -> std::vec::IntoIter<(usize, usize)>;
}

impl Overlapping for AhoCorasick {
    fn find_overlapping_iter_or_all(&self, text: &[u8]) -> std::vec::IntoIter<(usize, usize)> {
        let found = self
            .find_overlapping_iter(text)
            .map(|found| (found.pattern().as_usize(), found.start()));
        found.collect::<Vec<_>>().into_iter()
    }
}

fn pieces(secret: &[u8]) -> Vec<&[u8]> {
    if secret.len() < 3 * PIECE {
        return vec![secret];
    }
    let middle = secret.len() / 2;
    vec![
        &secret[..PIECE],
        &secret[middle..middle + PIECE],
        &secret[secret.len() - PIECE..],
    ]
}

/// A piece as it is, and as it is written elsewhere.
pub fn forms(piece: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = vec![
        ("plain", piece.to_vec()),
        ("hexadecimal", HEXLOWER.encode(piece).into_bytes()),
        ("upper hexadecimal", HEXUPPER.encode(piece).into_bytes()),
        ("percent-encoded", percent(piece)),
    ];
    // What stands before it decides how the groups of base 64 fall: three ways, of which only the inner part is certain.
    for before in 0..3 {
        let shifted = [&b"\0\0"[..before], piece].concat();
        for (form, encoding) in [("base 64", BASE64), ("base 64 of URLs", BASE64URL)] {
            let text = encoding.encode(&shifted);
            let text = text.trim_end_matches('=');
            forms.push((
                form,
                text.as_bytes()[before + before.min(1)..text.len() - 1].to_vec(),
            ));
        }
    }
    forms
}

// Every sign that is no letter and no digit.
fn percent(piece: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for byte in piece {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text.into_bytes()
}

#[test]
fn a_canary_is_found_in_every_form_and_at_every_place() {
    let secret =
        b"tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_kq3+/zz81 aa_9f86d081-and-a-good-deal-more-of-it";
    let canaries = Canaries::of([("a key", &secret[..])]);
    for before in ["", "x", "xy", "xyz"] {
        let text = [before.as_bytes(), secret, b" and more"].concat();
        for written in [
            text.clone(),
            HEXLOWER.encode(&text).into_bytes(),
            HEXUPPER.encode(&text).into_bytes(),
            BASE64.encode(&text).into_bytes(),
            BASE64URL.encode(&text).into_bytes(),
            percent(&text),
        ] {
            assert!(
                !canaries.found_in(&written).is_empty(),
                "{}",
                String::from_utf8_lossy(&written)
            );
        }
    }
    // Cut off, it is found by its beginning.
    assert!(!canaries.found_in(&secret[..PIECE + 1]).is_empty());
    assert!(canaries.found_in(b"tp_test_01jd5zk8x9e").is_empty());
    assert!(
        canaries
            .found_in(b"tp_test_nothing_of_it_is_here")
            .is_empty()
    );
}
