//! Decimal numbers as a till writes them: exact, bounded, and remembering how many places were written.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::Currency;

/// An amount of money on the wire. The currency says how many of the three places are really allowed.
pub type EventAmount = Decimal<3>;

/// A quantity: at most 4 decimals.
pub type Quantity = Decimal<4>;

/// The cost of one unit: at most 6 decimals.
pub type UnitCost = Decimal<6>;

const DIGITS_BEFORE_POINT_MAX: usize = 15;

/// A signed decimal number of at most 15 digits before the point and `PLACES` after it.
///
/// Two decimals are equal when they are the same number: `19.9` equals `19.90`. Each still prints as it was written.
#[derive(Clone, Copy)]
pub struct Decimal<const PLACES: u8> {
    coefficient: i128,
    scale: u8,
}

/// A text that is no decimal number of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Something else than digits, one sign and one point.
    #[error(
        "is not a plain decimal number; write it like \"19.99\" or \"-5\", without thousands separators or exponent"
    )]
    Malformed,
    /// More than 15 digits before the point.
    #[error("has more than 15 digits before the point")]
    TooLarge,
    /// More places after the point than its kind allows.
    #[error("has {found} decimals; at most {max} are allowed here")]
    TooPrecise {
        /// Places found.
        found: usize,
        /// Places allowed.
        max: u8,
    },
}

impl<const PLACES: u8> Decimal<PLACES> {
    /// Zero, written `0`.
    pub const ZERO: Self = Self {
        coefficient: 0,
        scale: 0,
    };

    /// Gives `coefficient / 10^scale`, or nothing when that is outside the kind's bounds.
    pub fn new(coefficient: i128, scale: u8) -> Option<Self> {
        let bound = power_of_ten(scale).checked_mul(power_of_ten(DIGITS_BEFORE_POINT_MAX as u8))?;
        (scale <= PLACES && coefficient.unsigned_abs() < bound.unsigned_abs())
            .then_some(Self { coefficient, scale })
    }

    /// The number times `10^scale()`.
    pub fn coefficient(self) -> i128 {
        self.coefficient
    }

    /// How many places after the point were written.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The same number in as few places as hold it.
    pub fn normalized(self) -> Self {
        let mut shorter = self;
        while shorter.scale > 0 && shorter.coefficient % 10 == 0 {
            shorter.coefficient /= 10;
            shorter.scale -= 1;
        }
        shorter
    }

    /// Whether the number is zero.
    pub fn is_zero(self) -> bool {
        self.coefficient == 0
    }

    /// Whether the number is below zero.
    pub fn is_negative(self) -> bool {
        self.coefficient < 0
    }
}

impl EventAmount {
    /// The amount in whole minor units of `currency`; nothing when it has a fraction of one.
    pub fn minor(self, currency: Currency) -> Option<i64> {
        let digits = currency.minor_digits();
        if self.scale <= digits {
            // At most 15 digits before the point and 3 after: 10^18 fits i64.
            let coefficient = i64::try_from(self.coefficient).ok()?;
            return coefficient.checked_mul(small_power_of_ten(digits - self.scale));
        }
        let shorter = self.normalized();
        if shorter.scale <= digits {
            shorter.minor(currency)
        } else {
            None
        }
    }
}

/// The cost of a line, `quantity × unit_cost`, in minor units, rounded half away from zero.
///
/// Nothing when the result is larger than the books can hold.
pub fn cost_minor(quantity: Quantity, unit_cost: UnitCost, currency: Currency) -> Option<i64> {
    let product = quantity.coefficient.checked_mul(unit_cost.coefficient)?;
    let scale = quantity.scale + unit_cost.scale;
    let digits = currency.minor_digits();
    if scale <= digits {
        let minor = product.checked_mul(power_of_ten(digits - scale))?;
        return i64::try_from(minor).ok();
    }
    let divisor = power_of_ten(scale - digits);
    // The usual line fits 64 bits, where division is several times cheaper.
    match (i64::try_from(product), i64::try_from(divisor)) {
        (Ok(product), Ok(divisor)) => {
            let quotient = product / divisor;
            let twice = (product % divisor).unsigned_abs() * 2;
            Some(if twice >= divisor.unsigned_abs() {
                quotient + product.signum()
            } else {
                quotient
            })
        }
        _ => {
            let quotient = product / divisor;
            let twice = (product % divisor).unsigned_abs() * 2;
            let rounded = if twice >= divisor.unsigned_abs() {
                quotient + product.signum()
            } else {
                quotient
            };
            i64::try_from(rounded).ok()
        }
    }
}

fn power_of_ten(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent))
}

fn small_power_of_ten(exponent: u8) -> i64 {
    10i64.pow(u32::from(exponent))
}

impl<const PLACES: u8> FromStr for Decimal<PLACES> {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(DecimalError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        if whole.len() > DIGITS_BEFORE_POINT_MAX {
            return Err(DecimalError::TooLarge);
        }
        if fraction.len() > usize::from(PLACES) {
            return Err(DecimalError::TooPrecise {
                found: fraction.len(),
                max: PLACES,
            });
        }
        let digit = |sum: i128, b: u8| sum * 10 + i128::from(b - b'0');
        let magnitude = whole.bytes().chain(fraction.bytes()).fold(0, digit);
        let coefficient = if negative { -magnitude } else { magnitude };
        // At most PLACES, which is a u8.
        let scale = fraction.len() as u8;
        Ok(Self { coefficient, scale })
    }
}

impl<const PLACES: u8> fmt::Display for Decimal<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.coefficient, self.scale)
    }
}

/// Writes `coefficient / 10^scale` in plain decimals.
pub(crate) fn write_scaled(
    f: &mut fmt::Formatter<'_>,
    coefficient: i128,
    scale: u8,
) -> fmt::Result {
    let sign = if coefficient < 0 { "-" } else { "" };
    let magnitude = coefficient.unsigned_abs();
    if scale == 0 {
        return write!(f, "{sign}{magnitude}");
    }
    let unit = power_of_ten(scale).unsigned_abs();
    write!(
        f,
        "{sign}{}.{:0width$}",
        magnitude / unit,
        magnitude % unit,
        width = usize::from(scale)
    )
}

impl<const PLACES: u8> fmt::Debug for Decimal<PLACES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const PLACES: u8> PartialEq for Decimal<PLACES> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.normalized(), other.normalized());
        (a.coefficient, a.scale) == (b.coefficient, b.scale)
    }
}

impl<const PLACES: u8> Eq for Decimal<PLACES> {}

impl<const PLACES: u8> Serialize for Decimal<PLACES> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(quantity: &str, unit_cost: &str, currency: &str) -> Option<i64> {
        cost_minor(
            quantity.parse().unwrap(),
            unit_cost.parse().unwrap(),
            currency.parse().unwrap(),
        )
    }

    #[test]
    fn cost_is_rounded_half_away_from_zero_to_the_minor_unit() {
        assert_eq!(cost("1", "0.005", "USD"), Some(1));
        assert_eq!(cost("-1", "0.005", "USD"), Some(-1));
        assert_eq!(cost("1", "0.004999", "USD"), Some(0));
        assert_eq!(cost("3", "0.333333", "USD"), Some(100));
        assert_eq!(cost("0.5", "1", "JPY"), Some(1));
        assert_eq!(cost("-0.5", "1", "JPY"), Some(-1));
        assert_eq!(cost("1", "1.2345", "BHD"), Some(1_235));
        assert_eq!(cost("2", "10", "USD"), Some(2_000));
    }

    #[test]
    fn cost_beyond_sixty_four_bits_is_none_and_large_ones_round_too() {
        assert_eq!(cost("999999999999999", "999999999999999", "USD"), None);
        assert_eq!(
            cost("999999999999999.9999", "999999999999999.999999", "USD"),
            None
        );
        assert_eq!(
            cost("999999999999999", "0.5", "JPY"),
            Some(500_000_000_000_000)
        );
        assert_eq!(
            cost("100000000000000.0001", "1.000005", "USD"),
            Some(10_000_050_000_000_000)
        );
    }

    #[test]
    fn only_plain_decimals_within_bounds_parse() {
        let parse = |text: &str| text.parse::<EventAmount>();
        for text in [
            "", "-", ".5", "5.", "+1", "1e3", "1,000", " 1", "1 ", "--1", "1.2.3", "NaN", "٣",
        ] {
            assert_eq!(parse(text), Err(DecimalError::Malformed), "{text:?}");
        }
        assert_eq!(parse("1234567890123456"), Err(DecimalError::TooLarge));
        assert_eq!(
            parse("1.2345"),
            Err(DecimalError::TooPrecise { found: 4, max: 3 })
        );
        assert_eq!(
            parse("-999999999999999.999").unwrap().to_string(),
            "-999999999999999.999"
        );
        assert_eq!(parse("19.9"), parse("19.900"));
        assert_eq!(parse("-0.00").unwrap(), EventAmount::ZERO);
        assert_eq!(parse("-0.05").unwrap().to_string(), "-0.05");
    }

    #[test]
    fn an_amount_becomes_minor_units_only_when_it_has_no_fraction_of_one() {
        let minor = |text: &str, code: &str| {
            text.parse::<EventAmount>()
                .unwrap()
                .minor(code.parse().unwrap())
        };
        assert_eq!(minor("19.9", "USD"), Some(1_990));
        assert_eq!(minor("1999", "JPY"), Some(1_999));
        assert_eq!(minor("1999.00", "JPY"), Some(1_999));
        assert_eq!(minor("1999.50", "JPY"), None);
        assert_eq!(minor("-1.234", "BHD"), Some(-1_234));
    }
}
