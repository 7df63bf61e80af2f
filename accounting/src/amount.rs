//! Money: whole minor units with their currency. Arithmetic is checked, division leaves nothing over.

use std::fmt;

use crate::decimal::write_scaled;
use crate::{Currency, DecimalError, EventAmount};

/// An amount of money. Prints as a decimal string of its currency, such as `19.99`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Whole minor units: cents for USD, yen for JPY.
    pub minor: i64,
    /// The currency they are units of.
    pub currency: Currency,
}

impl Amount {
    /// An amount of `minor` minor units.
    pub fn of_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a decimal string such as `19.99` or, in yen, `1999`.
    ///
    /// # Errors
    /// [`DecimalError`] when it is no plain decimal, too long, or has more places than the currency.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, DecimalError> {
        let decimal: EventAmount = text.parse()?;
        let max = currency.minor_digits();
        let too_precise = DecimalError::TooPrecise {
            found: usize::from(decimal.scale()),
            max,
        };
        if decimal.scale() > max {
            return Err(too_precise);
        }
        decimal
            .minor(currency)
            .map(|minor| Self { minor, currency })
            .ok_or(too_precise)
    }

    /// The sum, or nothing when the currencies differ or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self {
            minor: self.minor.checked_add(other.minor)?,
            ..self
        })
    }

    /// The difference, or nothing when the currencies differ or it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self {
            minor: self.minor.checked_sub(other.minor)?,
            ..self
        })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, i128::from(self.minor), self.currency.minor_digits())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency)
    }
}

/// Divides `total_minor` in proportion to `weights`; the parts always sum to the whole.
///
/// What rounding leaves over goes, one minor unit each, to the parts that lost most, the earlier first. Weights that
/// are all zero share equally. No weights give no parts.
///
/// ```
/// assert_eq!(accounting::allocate(100, &[1, 1, 1]), [34, 33, 33]);
/// assert_eq!(accounting::allocate(-5, &[3, 7]), [-2, -3]);
/// ```
pub fn allocate(total_minor: i64, weights: &[u32]) -> Vec<i64> {
    let equal = weights.iter().all(|weight| *weight == 0);
    let weight_of = |weight: &u32| if equal { 1 } else { i128::from(*weight) };
    let whole: i128 = weights.iter().map(weight_of).sum();
    let exact = |weight: &u32| i128::from(total_minor) * weight_of(weight);
    let mut parts: Vec<i128> = weights.iter().map(|weight| exact(weight) / whole).collect();

    let over = i128::from(total_minor) - parts.iter().sum::<i128>();
    let mut by_loss: Vec<usize> = (0..parts.len()).collect();
    by_loss.sort_by_key(|i| std::cmp::Reverse((exact(&weights[*i]) % whole).abs()));
    let over_count = usize::try_from(over.unsigned_abs()).unwrap_or(usize::MAX);
    for i in by_loss.into_iter().take(over_count) {
        parts[i] += over.signum();
    }
    let fits = "each part lies between zero and the total, which is an i64";
    parts
        .into_iter()
        .map(|part| i64::try_from(part).expect(fits))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_in_their_currency_and_read_back() {
        for (text, code) in [
            ("19.99", "USD"),
            ("-0.05", "USD"),
            ("1999", "JPY"),
            ("-1.234", "KWD"),
        ] {
            let currency = code.parse().unwrap();
            assert_eq!(Amount::parse(text, currency).unwrap().to_string(), text);
        }
        let jpy = "JPY".parse().unwrap();
        assert_eq!(
            Amount::parse("1.0", jpy),
            Err(DecimalError::TooPrecise { found: 1, max: 0 })
        );
    }

    #[test]
    fn sums_refuse_mixed_currencies_and_overflow() {
        let usd = Amount::of_minor(1, Currency::USD);
        assert_eq!(
            usd.checked_add(Amount::of_minor(1, "EUR".parse().unwrap())),
            None
        );
        assert_eq!(
            usd.checked_add(Amount::of_minor(i64::MAX, Currency::USD)),
            None
        );
        assert_eq!(
            usd.checked_sub(usd),
            Some(Amount::of_minor(0, Currency::USD))
        );
    }

    #[test]
    fn parts_sum_to_the_whole() {
        assert_eq!(allocate(10, &[]), [0i64; 0]);
        assert_eq!(allocate(10, &[0, 0, 0]), [4, 3, 3]);
        assert_eq!(
            allocate(i64::MIN, &[u32::MAX, 1]).iter().sum::<i64>(),
            i64::MIN
        );
        assert_eq!(allocate(1, &[0, 5, 5]), [0, 1, 0]);
    }
}
