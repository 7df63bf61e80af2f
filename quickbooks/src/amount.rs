//! Amounts as text: no float ever touches them.

use rust_decimal::Decimal;

/// The decimal in its one normal form: no exponent, no needless zeros, at least two decimals, so
/// `100`, `100.0` and `1E+2` all give `100.00`. `None` when the text is no decimal of up to 28 digits.
pub fn normalise(text: &str) -> Option<String> {
    let decimal = if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()?
    } else {
        Decimal::from_str_exact(text).ok()?
    };
    let decimal = decimal.normalize();
    Some(if decimal.scale() < 2 {
        format!("{decimal:.2}")
    } else {
        decimal.to_string()
    })
}

/// True for what JSON takes as a number without sign or exponent: `0`, `19.99`, not `.5` or `007`.
pub(crate) fn is_plain(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && decimals.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_amount_has_one_normal_form() {
        for (text, normal) in [
            ("100", "100.00"),
            ("100.0", "100.00"),
            ("100.000", "100.00"),
            ("1E+2", "100.00"),
            ("25.5", "25.50"),
            ("0", "0.00"),
            ("-0", "0.00"),
            ("0.10000", "0.10"),
            ("1.005", "1.005"),
            ("-370.94", "-370.94"),
            ("9999999999.99999", "9999999999.99999"),
        ] {
            assert_eq!(normalise(text).as_deref(), Some(normal), "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_has_no_normal_form() {
        for text in ["", "null", "abc", "1,000.00", "NaN", "{}", "1e999", "1 2"] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }

    #[test]
    fn only_unsigned_json_numbers_are_plain() {
        for text in ["0", "0.00", "19.99", "100", "1234567890.12345"] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "", "-1", "+1", ".5", "5.", "007.10", "1e2", "1,0", "١", "1.2.3",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
