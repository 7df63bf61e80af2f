//! The four ways in which QuickBooks wraps its faults (`quickbooks-online.md` §6.1): service JSON, the
//! gateway's JSON in lower case, XML, and pages of load balancers, which hold none.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::fault::Fault;

/// What an answer's body says about faults.
pub(crate) enum Faults {
    /// It has no fault envelope.
    None,
    /// These, perhaps without any error in it.
    Some(Vec<Fault>),
    /// A fault and what was written in one body, so nobody can say which of the two is true.
    BesideAnEffect(Vec<Fault>),
}

/// Reads the faults of a body of any kind.
pub(crate) fn faults(body: &[u8]) -> Faults {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => json(body),
        Some(b'<' | 0xEF) => std::str::from_utf8(body)
            .ok()
            .and_then(|text| xml(text.trim_start_matches('\u{FEFF}').trim_start()))
            .map_or(Faults::None, Faults::Some),
        _ => Faults::None,
    }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "Fault", alias = "fault")]
    fault: Option<WireFault>,
    #[serde(rename = "JournalEntry")]
    entry: Option<IgnoredAny>,
    #[serde(rename = "Account")]
    account: Option<IgnoredAny>,
    #[serde(rename = "BatchItemResponse")]
    items: Option<IgnoredAny>,
}

#[derive(Deserialize)]
pub(crate) struct WireFault {
    #[serde(rename = "Error", alias = "error")]
    errors: Option<Vec<WireError>>,
}

impl WireFault {
    /// Its errors in one form.
    pub(crate) fn faults(self) -> Vec<Fault> {
        let read = |error: WireError| {
            let code = match error.code {
                Some(WireCode::Text(code)) => code,
                Some(WireCode::Number(code)) => code.to_string(),
                None => String::new(),
            };
            tidy(&code, error.message, error.detail, error.element)
        };
        self.errors.into_iter().flatten().map(read).collect()
    }
}

#[derive(Deserialize)]
struct WireError {
    #[serde(rename = "Message", alias = "message")]
    message: Option<String>,
    #[serde(rename = "Detail", alias = "detail")]
    detail: Option<String>,
    code: Option<WireCode>,
    element: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireCode {
    Text(String),
    Number(u32),
}

fn json(body: &[u8]) -> Faults {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(body) else {
        return Faults::None;
    };
    let Some(fault) = envelope.fault else {
        return Faults::None;
    };
    let faults = fault.faults();
    let effects = [envelope.entry, envelope.account, envelope.items];
    if effects.iter().any(Option::is_some) {
        Faults::BesideAnEffect(faults)
    } else {
        Faults::Some(faults)
    }
}

/// `None` for anything but an `IntuitResponse` with a `Fault`.
fn xml(text: &str) -> Option<Vec<Fault>> {
    let document = roxmltree::Document::parse(text).ok()?;
    let fault = document
        .root_element()
        .children()
        .find(|node| is(node, "Fault"))?;
    let errors = fault.children().filter(|node| is(node, "Error"));
    Some(
        errors
            .map(|error| {
                let text_of = |name| {
                    error
                        .children()
                        .find(|node| is(node, name))
                        .and_then(|node| node.text())
                        .map(str::to_owned)
                };
                tidy(
                    error.attribute("code").unwrap_or_default(),
                    text_of("Message"),
                    text_of("Detail"),
                    error.attribute("element").map(str::to_owned),
                )
            })
            .collect(),
    )
}

/// True for an element of this name, in whatever namespace.
fn is(node: &roxmltree::Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// A fault in one form whatever its envelope: codes without padding, empty texts as none, and without
/// the access token, which the gateway quotes (`Token expired: eyJ…`).
fn tidy(
    code: &str,
    message: Option<String>,
    detail: Option<String>,
    element: Option<String>,
) -> Fault {
    let present = |text: &String| !text.trim().is_empty();
    let message = message.unwrap_or_default();
    let code = match code.trim() {
        "" => code_in(&message),
        code => code,
    };
    let code = code.trim_start_matches('0').to_owned();
    let quotes_a_token = code.starts_with("32")
        || detail
            .as_deref()
            .is_some_and(|detail| detail.to_ascii_lowercase().starts_with("token "));
    Fault {
        detail: detail.filter(present).map(|detail| {
            if quotes_a_token {
                without_token(&detail)
            } else {
                detail
            }
        }),
        element: element.filter(present),
        message,
        code,
    }
}

/// `003200` of `message=AuthenticationFailed; errorCode=003200; statusCode=401`.
fn code_in(message: &str) -> &str {
    message
        .split("; ")
        .find_map(|part| part.strip_prefix("errorCode="))
        .unwrap_or_default()
}

fn without_token(detail: &str) -> String {
    match detail.split_once(':') {
        Some((words, _)) => format!("{words}: [redacted]"),
        None => detail.to_owned(),
    }
}
