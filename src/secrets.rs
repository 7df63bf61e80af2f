//! Secrets: made where none is given, and refused where one looks as if nobody had made it.

use data_encoding::{BASE64, HEXLOWER};

/// The fewest characters of a secret.
const LENGTH_MIN: usize = 32;
/// The fewest different characters of one: 32 random hexadecimal digits have 14 of them on average, and hardly ever 8.
const DIFFERENT_MIN: usize = 8;
/// Words that stand in examples and never in what a generator made.
const EXAMPLES: &[&str] = &[
    "change",
    "default",
    "example",
    "insecure",
    "password",
    "placeholder",
    "secret",
    "your-",
    "your_",
];

/// 256 random bits as 64 hexadecimal digits: a pepper or a platform key.
pub(crate) fn random() -> String {
    HEXLOWER.encode(&rand::random::<[u8; 32]>())
}

/// 32 random bytes in base 64: a key-encryption key.
pub(crate) fn random_key() -> String {
    BASE64.encode(&rand::random::<[u8; 32]>())
}

/// Why a secret is refused, if it is.
pub(crate) fn weakness(secret: &str) -> Option<String> {
    let length = secret.chars().count();
    if length < LENGTH_MIN {
        return Some(format!(
            "has {length} characters; give it at least {LENGTH_MIN} random ones"
        ));
    }
    let mut different: Vec<char> = secret.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_MIN || is_example(secret) {
        return Some(
            "looks like an example; give it random characters, as `openssl rand` makes them".into(),
        );
    }
    None
}

/// Whether a secret that others made looks like one out of an example.
pub(crate) fn is_example(secret: &str) -> bool {
    let words = secret.to_lowercase();
    EXAMPLES.iter().any(|example| words.contains(example))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_at_random_is_taken() {
        for _ in 0..1000 {
            assert_eq!(weakness(&random()), None);
            assert_eq!(weakness(&random_key()), None);
        }
    }

    #[test]
    fn what_is_short_or_looks_like_an_example_is_refused() {
        for secret in [
            "",
            "5f1cb7",
            "00000000000000000000000000000000",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "change-me-change-me-change-me-change-me",
            "this-is-the-default-pepper-of-tillpost",
            "my-very-long-and-funny-Password-1234",
        ] {
            assert!(weakness(secret).is_some(), "{secret}");
        }
    }
}
