//! Telling an app what changed, as Intuit does: in either of its two forms, signed with the app's verifier token.

use chrono::SecondsFormat;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use super::{Control, ControlError, Outcome};

/// Which of the two forms a notification has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationForm {
    /// The older one, an object with `eventNotifications`.
    EventNotifications,
    /// A list of CloudEvents.
    #[default]
    CloudEvents,
}

/// What is told, and to whom.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Where the app listens.
    pub url: String,
    /// The app's verifier token.
    pub verifier: String,
    /// `Account`, `JournalEntry`, …
    pub entity: String,
    /// The id of what changed.
    pub id: String,
    /// `Create`, `Update`, `Delete`, `Merge`, `Void` or `Emailed`.
    pub operation: String,
    /// In which form.
    #[serde(default)]
    pub form: NotificationForm,
}

/// A notification as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNotification {
    /// The body.
    pub body: String,
    /// The header `intuit-signature`.
    pub signature: String,
}

impl Control {
    /// What the app is told of a company, signed.
    pub fn notification(&self, realm_id: &str, notify: &Notify) -> Outcome<SignedNotification> {
        let now = self.on(realm_id, |_, now| Ok(now))?;
        let body = match notify.form {
            NotificationForm::EventNotifications => json!({ "eventNotifications": [{
                "realmId": realm_id,
                "dataChangeEvent": { "entities": [{
                    "name": notify.entity, "id": notify.id, "operation": notify.operation,
                    "lastUpdated": now.to_rfc3339_opts(SecondsFormat::Millis, true),
                }] },
            }] }),
            NotificationForm::CloudEvents => json!([{
                "specversion": "1.0", "id": uuid::Uuid::new_v4(), "source": "intuit.c2ltdWxhdGVk=",
                "type": format!("qbo.{}.{}.v1", notify.entity.to_lowercase(), past(&notify.operation)),
                "datacontenttype": "application/json", "time": now.to_rfc3339_opts(SecondsFormat::Nanos, true),
                "intuitentityid": notify.id, "intuitaccountid": realm_id, "data": {},
            }]),
        }
        .to_string();
        let mac = Hmac::<Sha256>::new_from_slice(notify.verifier.as_bytes())
            .map_err(|error| ControlError::Refused(error.to_string()))?
            .chain_update(&body);
        Ok(SignedNotification {
            body,
            signature: BASE64.encode(&mac.finalize().into_bytes()),
        })
    }

    /// Tells the app, once; gives the status of its answer.
    pub async fn notify(&self, realm_id: &str, notify: &Notify) -> Outcome<u16> {
        let SignedNotification { body, signature } = self.notification(realm_id, notify)?;
        let refused = |error: reqwest::Error| ControlError::Refused(error.to_string());
        let client = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(refused)?;
        let sent = client
            .post(&notify.url)
            .header("intuit-signature", signature)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .map_err(refused)?;
        Ok(sent.status().as_u16())
    }
}

// `Create` is `created`, `Void` is `voided`, `Emailed` stays as it is.
fn past(operation: &str) -> String {
    let word = operation.to_lowercase();
    if word.ends_with("ed") {
        word
    } else {
        format!("{}ed", word.trim_end_matches('e'))
    }
}
