//! Everything that looks random: transaction ids, tokens, chances. The same seed gives the same throws.

use chrono::{DateTime, Utc};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// A seeded source of the simulator's random values. Chances are thrown apart from the rest, so that
/// they depend only on the calls that a plan could meet.
#[derive(Debug)]
pub(crate) struct Dice {
    values: StdRng,
    chances: StdRng,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            values: StdRng::seed_from_u64(seed),
            chances: StdRng::seed_from_u64(!seed),
        }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.values.fill_bytes(&mut bytes);
        bytes
    }

    /// An `intuit_tid` of the recorded form `1-5f734f0e-58baa045003ab251111c54e6`.
    pub(crate) fn tid(&mut self, now: DateTime<Utc>) -> String {
        format!(
            "1-{:08x}-{}",
            now.timestamp(),
            HEXLOWER.encode(&self.bytes::<12>())
        )
    }

    /// An authorization code.
    pub(crate) fn code(&mut self) -> String {
        format!("AB11{}", BASE64URL_NOPAD.encode(&self.bytes::<33>()))
    }

    /// An access token: long and JWE-like, so that no client gets away with a fixed width.
    pub(crate) fn access_token(&mut self) -> String {
        format!(
            "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..{}",
            BASE64URL_NOPAD.encode(&self.bytes::<450>())
        )
    }

    /// A refresh token of the seen form `RT1-109-H0-<unix expiry><random>`.
    pub(crate) fn refresh_token(&mut self, expires_at: DateTime<Utc>) -> String {
        format!(
            "RT1-109-H0-{}{}",
            expires_at.timestamp(),
            HEXLOWER.encode(&self.bytes::<10>())
        )
    }

    /// Shuffles what has no promised order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.values.random_range(0..=last));
        }
    }

    /// True in `per_mille` of a thousand throws.
    pub(crate) fn chance(&mut self, per_mille: u16) -> bool {
        self.chances.random_range(0..1000) < per_mille
    }
}
