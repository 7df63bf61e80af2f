//! Faults and the envelopes they come in.
//!
//! The service wraps its own faults in `Fault/Error` with capitals; the gateway before it answers
//! in lower case with a numeric time; a client that does not ask for JSON gets XML.

pub(crate) mod catalogue;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::clock::envelope_time;

/// One error inside a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FaultError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) element: Option<String>,
}

impl FaultError {
    pub(crate) fn new(code: &'static str, message: &str, detail: impl Into<String>) -> Self {
        Self {
            code,
            message: message.to_owned(),
            detail: Some(detail.into()),
            element: None,
        }
    }

    pub(crate) fn at(mut self, element: impl Into<String>) -> Self {
        self.element = Some(element.into());
        self
    }
}

/// Codes whose details are assumed in the catalogue.
const UNRECORDED: [&str; 12] = [
    "600", "1040", "2040", "2060", "2110", "2130", "2220", "2290", "2300", "5020", "5030", "6200",
];

/// What a fault says about its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultType {
    /// The request breaks a rule.
    Validation,
    /// The gateway does not accept the token.
    Authentication,
    /// The gateway refuses: no access, too many requests.
    Service,
}

/// A whole fault with its HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) fault_type: FaultType,
    pub(crate) errors: Vec<FaultError>,
}

impl Fault {
    /// A validation fault of HTTP 400 with all its errors together.
    pub(crate) fn validation(errors: Vec<FaultError>) -> Self {
        Self {
            status: 400,
            fault_type: FaultType::Validation,
            errors,
        }
    }

    /// The first error's code, as logs name the fault.
    pub(crate) fn code(&self) -> &'static str {
        self.errors.first().map_or("", |error| error.code)
    }

    /// The same fault, where the service says nothing more than the message of what nobody has recorded.
    pub(crate) fn without_unrecorded_details(mut self) -> Self {
        for error in &mut self.errors {
            if UNRECORDED.contains(&error.code) {
                error.detail = None;
            }
        }
        self
    }

    fn type_name(&self) -> &'static str {
        match self.fault_type {
            FaultType::Validation => "ValidationFault",
            FaultType::Authentication => "AUTHENTICATION",
            FaultType::Service => "SERVICE",
        }
    }

    /// The `Fault` member as it stands in a batch item, where `element` is never left out.
    pub(crate) fn batch_member(&self) -> Value {
        let errors: Vec<Value> = self
            .errors
            .iter()
            .map(|error| capital_error(error, true))
            .collect();
        json!({ "Error": errors, "type": self.type_name() })
    }

    /// The JSON body.
    pub(crate) fn json(&self, at: DateTime<Utc>) -> Value {
        match self.fault_type {
            FaultType::Validation => {
                let errors: Vec<Value> = self
                    .errors
                    .iter()
                    .map(|error| capital_error(error, false))
                    .collect();
                json!({ "Fault": { "Error": errors, "type": self.type_name() }, "time": envelope_time(at) })
            }
            // Recorded for 401; assumed to be the same envelope for 403 and 429.
            FaultType::Authentication | FaultType::Service => {
                let errors: Vec<Value> = self
                    .errors
                    .iter()
                    .map(|error| {
                        json!({ "message": error.message, "detail": error.detail, "code": error.code, "element": error.element })
                    })
                    .collect();
                json!({
                    "warnings": null, "intuitObject": null,
                    "fault": { "error": errors, "type": self.type_name() },
                    "report": null, "queryResponse": null, "batchItemResponse": [], "attachableResponse": [],
                    "syncErrorResponse": null, "requestId": null, "time": at.timestamp_millis(), "status": null,
                    "cdcresponse": [],
                })
            }
        }
    }

    /// The XML body. Only faults are ever XML here; entities always answer in JSON.
    pub(crate) fn xml(&self, at: DateTime<Utc>) -> String {
        let mut errors = String::new();
        for error in &self.errors {
            let element = error
                .element
                .as_deref()
                .map(|name| format!(" element=\"{}\"", escape(name)))
                .unwrap_or_default();
            let detail = error
                .detail
                .as_deref()
                .map(|text| format!("<Detail>{}</Detail>", escape(text)))
                .unwrap_or_default();
            errors.push_str(&format!(
                "<Error code=\"{}\"{element}><Message>{}</Message>{detail}</Error>",
                error.code,
                escape(&error.message)
            ));
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><IntuitResponse time=\"{}\" \
             xmlns=\"http://schema.intuit.com/finance/v3\"><Fault type=\"{}\">{errors}</Fault></IntuitResponse>",
            envelope_time(at),
            self.type_name()
        )
    }
}

impl From<FaultError> for Fault {
    fn from(error: FaultError) -> Self {
        Self::validation(vec![error])
    }
}

fn capital_error(error: &FaultError, with_element: bool) -> Value {
    let mut value = json!({ "Message": error.message, "code": error.code });
    if let Some(detail) = &error.detail {
        value["Detail"] = json!(detail);
    }
    if with_element || error.element.is_some() {
        value["element"] = json!(error.element.as_deref().unwrap_or_default());
    }
    value
}

/// Text made safe inside XML and HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
