//! What spreadsheets read: cells that stay what they are.

use std::borrow::Cow;

/// A text as a cell of a CSV file. A spreadsheet takes what begins like a formula for one, and would run what somebody named
/// an account; an apostrophe before it says that it is a text.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(plain(text), format!("'{text}"));
        }
        for text in ["", "Sales", "4000", "a=b", "Müller & Söhne"] {
            assert_eq!(plain(text), text);
        }
    }
}
