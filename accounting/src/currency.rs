//! Currencies of ISO 4217 and the size of their minor unit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A currency in use, by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    minor_digits: u8,
}

/// A text that is no code of a currency in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an ISO 4217 currency code in use; write three capital letters, such as \"USD\"")]
pub struct UnknownCurrency;

// ISO 4217 list one (active codes), without funds, metals and units of account, and without the two units of
// account that have four minor digits (CLF, UYW): none of these is a company's home currency.
const NO_MINOR_UNIT: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";
const HUNDREDTHS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
    CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF \
    IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN \
    MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
    SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

impl Currency {
    /// The United States dollar, the home currency of most companies.
    pub const USD: Self = Self {
        code: *b"USD",
        minor_digits: 2,
    };

    /// Its three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.code).expect("the table holds ASCII letters only")
    }

    /// How many decimals its minor unit has: 0, 2 or 3.
    pub fn minor_digits(self) -> u8 {
        self.minor_digits
    }

    /// How many minor units make one unit: 1, 100 or 1,000.
    pub fn minor_per_unit(self) -> i64 {
        10i64.pow(u32::from(self.minor_digits))
    }

    /// Every currency known here, the ones without a minor unit first.
    pub fn all() -> impl Iterator<Item = Self> {
        [(NO_MINOR_UNIT, 0), (HUNDREDTHS, 2), (THOUSANDTHS, 3)]
            .into_iter()
            .flat_map(|(codes, minor_digits)| {
                codes.split_ascii_whitespace().map(move |code| {
                    let code = code
                        .as_bytes()
                        .try_into()
                        .expect("the table holds codes of three letters");
                    Self { code, minor_digits }
                })
            })
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        if code == "USD" {
            return Ok(Self::USD);
        }
        Self::all()
            .find(|currency| currency.code == code.as_bytes())
            .ok_or(UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse()
            .map_err(|error| de::Error::custom(format!("{code:?} {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_listed_once_and_parses_to_itself() {
        let mut seen = std::collections::BTreeSet::new();
        for currency in Currency::all() {
            assert!(
                seen.insert(currency.as_str().to_owned()),
                "{currency} is listed twice"
            );
            assert_eq!(currency.as_str().parse(), Ok(currency));
        }
        assert!(seen.len() > 150);
    }

    #[test]
    fn minor_digits_are_those_of_the_standard() {
        let digits = |code: &str| code.parse::<Currency>().map(Currency::minor_digits);
        assert_eq!(
            (digits("USD"), digits("JPY"), digits("BHD")),
            (Ok(2), Ok(0), Ok(3))
        );
        for code in ["usd", "US", "USDX", "XAU", "XXX", ""] {
            assert_eq!(digits(code), Err(UnknownCurrency), "{code}");
        }
    }
}
