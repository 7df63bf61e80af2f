//! The name a request goes by in its answer, in the log and in what a caller tells us: the caller's own where it is
//! well-formed, else one of ours.

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use tracing_actix_web::RequestId;

/// The header that carries it, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest name that is taken from a caller.
const LENGTH_MAX: usize = 128;

/// The name of one request.
#[derive(Debug, Clone)]
pub(crate) struct RequestName(pub(crate) HeaderValue);

impl RequestName {
    /// The name that the caller gave, or the one that was drawn.
    pub(crate) fn of(request: &impl HttpMessage) -> Option<Self> {
        let given = request.headers().get(&X_REQUEST_ID);
        if let Some(given) = given.filter(|value| is_well_formed(value.as_bytes())) {
            return Some(Self(given.clone()));
        }
        let drawn = request.extensions().get::<RequestId>().copied()?;
        HeaderValue::from_str(&drawn.to_string()).ok().map(Self)
    }

    /// The name that was settled when the request began.
    pub(crate) fn settled(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// As it is logged.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

// What could break a line of the log or a header has no place in a name.
fn is_well_formed(name: &[u8]) -> bool {
    (1..=LENGTH_MAX).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:+/=@".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_of_plain_characters() {
        for name in [
            "7",
            "req-1:2",
            "018f4e7c-1111-7abc-8000-000000000000",
            &"x".repeat(128),
        ] {
            assert!(is_well_formed(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "a b",
            "a\tb",
            "\u{e9}",
            "a\"b",
            "<script>",
            &"x".repeat(129),
        ] {
            assert!(!is_well_formed(name.as_bytes()), "{name}");
        }
    }
}
