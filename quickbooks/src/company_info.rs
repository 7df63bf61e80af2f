//! Who the company is.

use serde::Deserialize;

use crate::text::Charset;

/// A company's identity, to show whom one is connected to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CompanyInfo {
    /// The name it goes by.
    #[serde(rename = "CompanyName")]
    pub name: String,
    /// The name it is registered under.
    #[serde(rename = "LegalName")]
    pub legal_name: Option<String>,
    /// `US`, `GB`, …; three letters are possible since autumn 2025.
    #[serde(rename = "Country")]
    pub country: Option<String>,
}

impl CompanyInfo {
    /// The characters it takes. Without a country the narrower set, which every company takes.
    pub fn charset(&self) -> Charset {
        match self.country.as_deref().map(str::trim) {
            None | Some("" | "US" | "USA") => Charset::Latin1,
            Some(_) => Charset::Unicode,
        }
    }
}
