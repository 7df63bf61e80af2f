//! An opaque reference into the company's books.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The id of an account, a location or a class as the company's books know it. Its text means nothing here.
///
/// Cloning it copies a pointer, so that an entry of many lines costs no strings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref(Arc<str>);

impl Ref {
    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Ref {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for Ref {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl Deref for Ref {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
