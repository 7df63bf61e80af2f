//! Short texts that come from a till: checked once, then known to be storable and printable.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// The source's own id of an event: 1 to 128 characters.
pub type ExternalId = Text<1, 128>;

/// A payment type, item class, location, reason, jurisdiction or method: 1 to 64 characters, compared exactly.
pub type Key = Text<1, 64>;

/// Free words for the entry's private note: up to 1,000 characters, line breaks and tabs allowed.
pub type Memo = Text<0, 1000>;

/// A text of `MIN` to `MAX` characters without control characters.
///
/// Only the memo (`MIN` 0) may hold line breaks and tabs: it is the one text a person writes at length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MIN: usize, const MAX: usize>(Box<str>);

/// A text that cannot be taken in, in words that say how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It has too few or too many characters.
    #[error("holds {found} characters; give {min} to {max}")]
    Length {
        /// Characters found.
        found: usize,
        /// The fewest allowed.
        min: usize,
        /// The most allowed.
        max: usize,
    },
    /// It holds a control character.
    #[error("holds the control character U+{found:04X}; leave it out")]
    Control {
        /// The character's code point.
        found: u32,
    },
    /// It holds something else than ASCII letters, digits and hyphens.
    #[error("holds {found:?}; use only A-Z, a-z, 0-9 and the hyphen")]
    NotInAlphabet {
        /// The first character outside the alphabet.
        found: char,
    },
}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Gives the text when it keeps the rules of its kind.
    ///
    /// # Errors
    /// [`TextError::Length`] or [`TextError::Control`].
    pub fn new(text: &str) -> Result<Self, TextError> {
        check(text, MIN, MAX, MIN == 0)?;
        Ok(Self(text.into()))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str, min: usize, max: usize, breaks_allowed: bool) -> Result<(), TextError> {
    // A text of at most `max` bytes has at most `max` characters, so most texts are counted for free.
    let found = if text.len() <= max && text.len() >= min && min <= 1 {
        text.len()
    } else {
        text.chars().count()
    };
    if found < min || found > max {
        return Err(TextError::Length { found, min, max });
    }
    let refused = |c: &char| c.is_control() && !(breaks_allowed && matches!(c, '\n' | '\r' | '\t'));
    match text.chars().find(refused) {
        Some(c) => Err(TextError::Control {
            found: u32::from(c),
        }),
        None => Ok(()),
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> AsRef<str> for Text<MIN, MAX> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MIN: usize, const MAX: usize> Serialize for Text<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// An event's own number, which becomes QuickBooks' `DocNumber`: 1 to 21 of `A-Z a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DocumentNumber(Box<str>);

impl DocumentNumber {
    /// Gives the number when QuickBooks and our own rules can hold it.
    ///
    /// # Errors
    /// [`TextError::Length`] or [`TextError::NotInAlphabet`].
    pub fn new(text: &str) -> Result<Self, TextError> {
        check(text, 1, 21, true)?;
        match text
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            Some(found) => Err(TextError::NotInAlphabet { found }),
            None => Ok(Self(text.into())),
        }
    }

    /// The number itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for DocumentNumber {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
