//! What Intuit says changed in companies: signed, in two forms, out of order, more than once. A hint to look, never the truth.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

/// Whether a body is Intuit's: `signature` is the header `intuit-signature`, base 64 of the HMAC-SHA256 of the body as it came
/// under the app's verifier token. Told in a time that does not depend on where they differ.
#[must_use]
pub fn is_signed(body: &[u8], signature: &str, verifier: &SecretString) -> bool {
    let Ok(signature) = data_encoding::BASE64.decode(signature.trim().as_bytes()) else {
        return false;
    };
    Hmac::<Sha256>::new_from_slice(verifier.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length")
        .chain_update(body)
        .verify_slice(&signature)
        .is_ok()
}

/// One thing that changed in a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The company.
    pub company_id: String,
    /// What kind of thing.
    pub entity: Entity,
    /// Its id there.
    pub id: String,
    /// What became of it.
    pub change: Change,
    /// When, as far as Intuit says so readably.
    pub changed_at: Option<DateTime<Utc>>,
}

/// The kinds of things that we look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entity {
    /// An account of the chart.
    Account,
    /// A location.
    Department,
    /// A class.
    Class,
    /// A journal entry.
    JournalEntry,
    /// The company's preferences.
    Preferences,
    /// Anything else.
    Other,
}

impl Entity {
    fn read(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "account" => Self::Account,
            "department" => Self::Department,
            "class" => Self::Class,
            "journalentry" => Self::JournalEntry,
            "preferences" => Self::Preferences,
            _ => Self::Other,
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It is new.
    Created,
    /// It is not as it was, or not there any more.
    Changed,
}

impl Change {
    // `Create` in one form, `created` in the other. What a word to come may mean, it is no creation.
    fn read(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "create" | "created" => Self::Created,
            _ => Self::Changed,
        }
    }
}

/// The body is in neither of the two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is neither a list of CloudEvents nor an object with `eventNotifications`")]
pub struct Unreadable;

/// Reads a body in either form. An event of a kind that is not known here is nothing, not an error.
///
/// # Errors
/// [`Unreadable`].
pub fn read(body: &[u8]) -> Result<Vec<Notification>, Unreadable> {
    match serde_json::from_slice(body) {
        Ok(Form::CloudEvents(events)) => Ok(events.into_iter().filter_map(of_event).collect()),
        Ok(Form::Old(old)) => Ok(old
            .event_notifications
            .into_iter()
            .flat_map(of_old)
            .collect()),
        Err(_) => Err(Unreadable),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    CloudEvents(Vec<CloudEvent>),
    Old(Old),
}

#[derive(Deserialize)]
struct CloudEvent {
    r#type: String,
    time: Option<String>,
    intuitentityid: String,
    intuitaccountid: String,
}

// `qbo.account.created.v1`
fn of_event(event: CloudEvent) -> Option<Notification> {
    let mut words = event.r#type.split('.');
    let (Some("qbo"), Some(entity), Some(change)) = (words.next(), words.next(), words.next())
    else {
        return None;
    };
    Some(Notification {
        company_id: event.intuitaccountid,
        entity: Entity::read(entity),
        id: event.intuitentityid,
        change: Change::read(change),
        changed_at: event.time.as_deref().and_then(instant),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Old {
    event_notifications: Vec<OldCompany>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldCompany {
    realm_id: String,
    data_change_event: Option<OldEvent>,
}

#[derive(Deserialize)]
struct OldEvent {
    entities: Vec<OldEntity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldEntity {
    name: String,
    id: String,
    operation: String,
    last_updated: Option<String>,
}

fn of_old(company: OldCompany) -> Vec<Notification> {
    let entities = company
        .data_change_event
        .into_iter()
        .flat_map(|event| event.entities);
    entities
        .map(|entity| Notification {
            company_id: company.realm_id.clone(),
            entity: Entity::read(&entity.name),
            id: entity.id,
            change: Change::read(&entity.operation),
            changed_at: entity.last_updated.as_deref().and_then(instant),
        })
        .collect()
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The two samples of Intuit's own announcement of the newer form.
    const OLD: &str = r#"{"eventNotifications":[{"realmId":"310687","dataChangeEvent":{"entities":[
        {"name":"Account","id":"1234","operation":"Create","lastUpdated":"2025-09-08T20:52:31.657Z"},
        {"name":"JournalEntry","id":"7","operation":"Delete","lastUpdated":"yesterday","deletedId":"8"}]}}]}"#;
    const NEW: &str = r#"[{"specversion":"1.0","id":"88cd52aa-33b6-4351-9aa4-47572edbd068","source":"intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU=",
        "type":"qbo.account.created.v1","datacontenttype":"application/json","time":"2025-09-10T21:31:25.179851517Z",
        "intuitentityid":"1234","intuitaccountid":"310687","data":{}},
        {"specversion":"1.0","id":"x","source":"intuit.x","type":"qbo.journalentry.deleted.v1","time":"never","intuitentityid":"7","intuitaccountid":"310687"},
        {"specversion":"1.0","id":"y","source":"intuit.x","type":"payroll.run.created.v1","intuitentityid":"7","intuitaccountid":"310687"}]"#;

    fn told(body: &str) -> Vec<(String, Entity, String, Change, bool)> {
        let read = read(body.as_bytes()).unwrap().into_iter();
        read.map(|n| {
            (
                n.company_id,
                n.entity,
                n.id,
                n.change,
                n.changed_at.is_some(),
            )
        })
        .collect()
    }

    #[test]
    fn both_forms_say_the_same() {
        let wanted = [
            (
                "310687".to_owned(),
                Entity::Account,
                "1234".to_owned(),
                Change::Created,
                true,
            ),
            (
                "310687".to_owned(),
                Entity::JournalEntry,
                "7".to_owned(),
                Change::Changed,
                false,
            ),
        ];
        assert_eq!(told(OLD), wanted);
        assert_eq!(told(NEW), wanted);
    }

    #[test]
    fn what_is_in_neither_form_is_unreadable_and_nothing_is_nothing() {
        for body in [
            "",
            "{}",
            "1",
            "[1]",
            "[{\"type\":\"qbo.account.created.v1\"}]",
            "{\"eventNotifications\":[{}]}",
        ] {
            assert_eq!(read(body.as_bytes()), Err(Unreadable), "{body}");
        }
        for body in [
            "[]",
            "{\"eventNotifications\":[]}",
            "{\"eventNotifications\":[{\"realmId\":\"1\"}]}",
        ] {
            assert_eq!(read(body.as_bytes()), Ok(vec![]), "{body}");
        }
    }

    #[test]
    fn a_signature_holds_for_the_very_bytes_under_the_very_token() {
        let verifier = SecretString::from("the-verifier-token");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"the-verifier-token").unwrap();
        mac.update(OLD.as_bytes());
        let signature = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
        assert!(is_signed(OLD.as_bytes(), &signature, &verifier));
        assert!(!is_signed(NEW.as_bytes(), &signature, &verifier));
        assert!(!is_signed(OLD.as_bytes(), &signature, &"another".into()));
        for wrong in [
            "",
            "no base 64!",
            &signature[..20],
            &format!("{signature}A"),
            &signature.to_lowercase(),
        ] {
            assert!(!is_signed(OLD.as_bytes(), wrong, &verifier), "{wrong}");
        }
    }
}
