//! A message's body: the same bytes at every attempt, and never more than an endpoint should have to take.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::id::{TenantId, WebhookMessageId};
use sea_orm::FromQueryResult;
use serde::Serialize;
use serde_json::Value;

/// The largest body, in bytes.
pub(super) const BYTES_MAX: usize = 20_000;

/// A published message, as its row holds it.
#[derive(Debug, Clone, FromQueryResult)]
pub(super) struct Message {
    pub(super) message_id: WebhookMessageId,
    pub(super) number: i64,
    pub(super) r#type: String,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) about_tenant: Option<TenantId>,
    pub(super) data: Value,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    number: i64,
    tenant_id: TenantId,
    data: &'a Value,
}

impl Message {
    /// Its body. Lists and texts that make it too long are cut; the resource that `data.link` names has them whole.
    pub(super) fn body(mut self, tenant: TenantId) -> Vec<u8> {
        loop {
            let bytes = serde_json::to_vec(&Body {
                r#type: &self.r#type,
                timestamp: self
                    .occurred_at
                    .to_rfc3339_opts(SecondsFormat::Micros, true),
                number: self.number,
                tenant_id: self.about_tenant.unwrap_or(tenant),
                data: &self.data,
            })
            .expect("a message holds texts, numbers and lists");
            if bytes.len() <= BYTES_MAX || !shorten(&mut self.data) {
                return bytes;
            }
        }
    }
}

/// Halves the longest list or text of an object; false where there is nothing to halve.
fn shorten(data: &mut Value) -> bool {
    let weight = |value: &Value| match value {
        Value::Array(elements) if !elements.is_empty() => value.to_string().len(),
        Value::String(text) if text.chars().count() > 64 => text.len(),
        _ => 0,
    };
    let longest = data
        .as_object_mut()
        .and_then(|fields| fields.values_mut().max_by_key(|value| weight(value)))
        .filter(|value| weight(value) > 0);
    match longest {
        Some(Value::Array(elements)) => elements.truncate(elements.len() / 2),
        Some(Value::String(text)) => {
            let kept = text.chars().count() / 2;
            *text = text.chars().take(kept).chain("…".chars()).collect();
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(data: Value) -> Message {
        Message {
            message_id: WebhookMessageId::new(),
            number: 7,
            r#type: "alert.opened".to_owned(),
            occurred_at: "2026-11-26T09:00:00.5Z".parse().unwrap(),
            about_tenant: None,
            data,
        }
    }

    #[test]
    fn a_body_says_what_it_is_of_whom_and_when() {
        let tenant = TenantId::new();
        let body: Value =
            serde_json::from_slice(&message(json!({"id": "alr_x"})).body(tenant)).unwrap();
        assert_eq!(
            body,
            json!({"type": "alert.opened", "timestamp": "2026-11-26T09:00:00.500000Z", "number": 7,
                   "tenant_id": tenant.to_string(), "data": {"id": "alr_x"}})
        );
    }

    #[test]
    fn a_body_is_never_too_long_and_says_what_it_can() {
        let many: Vec<String> = (0..5000).map(|n| format!("payment[{n}]")).collect();
        let data = json!({"id": "alr_x", "detail": "x".repeat(50_000), "subjects": many, "events": 5000, "steps": ["Map it."]});
        let body = message(data).body(TenantId::new());
        assert!(body.len() <= BYTES_MAX, "{}", body.len());
        assert!(body.len() > BYTES_MAX / 4, "{}", body.len());
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (&body["data"]["id"], &body["data"]["steps"][0]),
            (&json!("alr_x"), &json!("Map it."))
        );
        assert_eq!(body["data"]["subjects"][0], "payment[0]");
        assert!(body["data"]["detail"].as_str().unwrap().ends_with('…'));
    }
}
