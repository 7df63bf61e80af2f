//! An answer before it becomes an HTTP response.

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::fault::Fault;
use super::switches::Switches;

/// A status and a body, fixed in time: sent again, it is the same byte for byte.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content: Content,
}

/// What an answer carries.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A JSON text.
    Json(Bytes),
    /// A fault, written as JSON or XML by what the client accepts.
    Fault(Box<Fault>, DateTime<Utc>),
    /// A page.
    Html(String),
    /// Anything else, with its content type.
    Raw(&'static str, Bytes),
    /// A redirect to this address.
    Redirect(String),
    /// Nothing.
    Empty,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Self::json_text(200, value.to_string())
    }

    pub(crate) fn json_text(status: u16, text: impl Into<Bytes>) -> Self {
        Self {
            status,
            content: Content::Json(text.into()),
        }
    }

    pub(crate) fn fault(fault: Fault, at: DateTime<Utc>) -> Self {
        Self {
            status: fault.status,
            content: Content::Fault(Box::new(fault), at),
        }
    }

    /// A fault of the gateway before the service.
    pub(crate) fn of_gateway(fault: Fault, at: DateTime<Utc>, switches: &Switches) -> Self {
        if fault.status == 429 && !switches.throttled_as_json {
            Self::of_balancer(fault.status)
        } else {
            Self::fault(fault, at)
        }
    }

    /// A load balancer's page of this status.
    pub(crate) fn of_balancer(status: u16) -> Self {
        Self::html(status, balancer_page(status))
    }

    pub(crate) fn html(status: u16, page: String) -> Self {
        Self {
            status,
            content: Content::Html(page),
        }
    }

    pub(crate) fn redirect(to: String) -> Self {
        Self {
            status: 302,
            content: Content::Redirect(to),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            content: Content::Empty,
        }
    }

    /// The code of the fault it carries, if it carries one.
    pub(crate) fn fault_code(&self) -> Option<&'static str> {
        match &self.content {
            Content::Fault(fault, _) => Some(fault.code()),
            _ => None,
        }
    }
}

/// What a load balancer shows (assumed; clients see HTML or nothing).
fn balancer_page(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}
