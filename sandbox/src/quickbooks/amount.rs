//! Amounts as QuickBooks states them: decimals of at most ten digits before and five after the point.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

const DECIMALS: usize = 5;
const UNIT: i128 = 100_000;
const MAX: i128 = 10_000_000_000 * UNIT;

/// An exact decimal amount. Shown, and carried in the control surface's JSON, as a decimal string
/// with at least two decimals (`"19.90"`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i128);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal amount of at most five decimals")]
pub struct NotAnAmount;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many hundredths: `Amount::cents(1990)` is 19.90.
    pub const fn cents(cents: i64) -> Self {
        Self(cents as i128 * (UNIT / 100))
    }

    /// Whether it stays inside the service's "10.5 format".
    pub(crate) fn fits(self) -> bool {
        self.0.abs() < MAX
    }

    /// The amount a JSON number or string states, if it states one.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            // A number of at most fifteen significant digits survives the reader's double unchanged.
            Value::Number(number) => number.to_string().parse().ok(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The amount as a JSON number, the way the service answers (`100.0`, `25.54`).
    pub(crate) fn to_json(self) -> Value {
        serde_json::from_str(&self.to_string()).expect("a decimal's text is a JSON number")
    }
}

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || whole.len() > 20 || fraction.len() > DECIMALS
        {
            return Err(NotAnAmount);
        }
        if !plain(whole) || !plain(fraction) {
            return Err(NotAnAmount);
        }
        let units: i128 = format!("{whole}{fraction:0<DECIMALS$}")
            .parse()
            .map_err(|_| NotAnAmount)?;
        Ok(Self(sign * units))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.abs() / UNIT, self.0.abs() % UNIT);
        let mut decimals = format!("{rest:0DECIMALS$}");
        while decimals.len() > 2 && decimals.ends_with('0') {
            decimals.pop();
        }
        f.pad(&format!("{sign}{whole}.{decimals}"))
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_with_at_least_two_decimals() {
        for (text, shown) in [
            ("1", "1.00"),
            ("-0.5", "-0.50"),
            ("19.99", "19.99"),
            ("1.23456", "1.23456"),
            (".5", "0.50"),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_a_decimal_is_refused() {
        for text in ["", ".", "-", "1e3", "1,0", "0.123456", "--1", "+-1"] {
            assert_eq!(text.parse::<Amount>(), Err(NotAnAmount), "{text}");
        }
    }

    #[test]
    fn json_numbers_are_read_exactly() {
        let value: Value = serde_json::from_str("[0.1, 9999999999.99, 100, \"6500.00\"]").unwrap();
        let read: Vec<String> = value
            .as_array()
            .unwrap()
            .iter()
            .map(|v| Amount::from_json(v).unwrap().to_string())
            .collect();
        assert_eq!(read, ["0.10", "9999999999.99", "100.00", "6500.00"]);
    }
}
