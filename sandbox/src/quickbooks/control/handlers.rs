//! One thin function for each control over HTTP.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, JsonConfig, Path, Query};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::quickbooks::name_list::NameKind;
use crate::quickbooks::oauth::Consent;
use crate::quickbooks::offering::Offering;
use crate::quickbooks::pages;
use crate::quickbooks::plan::FaultPlan;
use crate::quickbooks::preferences::Preferences;

use super::notify::Notify;
use super::view::{NewAccount, NewCompany, NewEntry};
use super::{Control, ControlError};

type Controls = Data<Control>;

fn answer<T: Serialize>(outcome: Result<T, ControlError>) -> HttpResponse {
    match outcome {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(error @ ControlError::Unknown(_)) => {
            HttpResponse::NotFound().json(json!({ "error": error.to_string() }))
        }
        Err(error @ ControlError::Refused(_)) => {
            HttpResponse::UnprocessableEntity().json(json!({ "error": error.to_string() }))
        }
    }
}

fn done(outcome: Result<(), ControlError>) -> HttpResponse {
    answer(outcome.map(|()| json!({ "done": true })))
}

/// `current` with the members of `patch` laid over it.
fn patched<T: Serialize + for<'de> Deserialize<'de>>(
    current: &T,
    patch: Value,
) -> Result<T, ControlError> {
    let refused = |error: serde_json::Error| ControlError::Refused(error.to_string());
    let mut value = serde_json::to_value(current).map_err(refused)?;
    match (value.as_object_mut(), patch) {
        (Some(members), Value::Object(patch)) => members.extend(patch),
        _ => return Err(ControlError::Refused("an object is expected".to_owned())),
    }
    serde_json::from_value(value).map_err(refused)
}

pub(super) async fn index(control: Controls) -> HttpResponse {
    page(pages::index(&control.companies()))
}

pub(super) async fn books(control: Controls, realm: Path<String>) -> HttpResponse {
    let read = || {
        let company = control.company(&realm)?;
        Ok((
            company,
            control.trial_balance(&realm)?,
            control.entries(&realm)?,
        ))
    };
    match read() {
        Ok((company, trial_balance, entries)) => {
            page(pages::books(&company, &trial_balance, &entries))
        }
        Err(error) => answer::<()>(Err(error)),
    }
}

fn page(html: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'",
        ))
        .body(html)
}

/// What the web app's address of an entry says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Journal {
    txn_id: String,
}

/// Nobody is signed in here, so an id is looked for in all companies.
pub(super) async fn journal(control: Controls, query: Query<Journal>) -> HttpResponse {
    let mut found = Vec::new();
    for company in control.companies() {
        let entries = control.entries(&company.realm_id).unwrap_or_default();
        if let Some(entry) = entries.into_iter().find(|entry| entry.id == query.txn_id) {
            found.push((company, entry));
        }
    }
    page(pages::journal(&found))
}

pub(super) async fn companies(control: Controls) -> HttpResponse {
    answer(Ok(control.companies()))
}

pub(super) async fn seed_company(control: Controls, new: Json<NewCompany>) -> HttpResponse {
    answer(control.seed_company(new.into_inner()))
}

pub(super) async fn company(control: Controls, realm: Path<String>) -> HttpResponse {
    answer(control.company(&realm))
}

pub(super) async fn add_account(
    control: Controls,
    realm: Path<String>,
    row: Json<NewAccount>,
) -> HttpResponse {
    answer(control.add_account(&realm, &row))
}

pub(super) async fn act_on_account(
    control: Controls,
    path: Path<(String, String, String)>,
) -> HttpResponse {
    let (realm, id, action) = path.into_inner();
    match action.as_str() {
        "deactivate" => done(control.set_account_active(&realm, &id, false)),
        "reactivate" => done(control.set_account_active(&realm, &id, true)),
        "remove" => done(control.remove_account(&realm, &id)),
        "restore" => done(control.restore_account(&realm, &id)),
        _ => done(Err(ControlError::Unknown(format!("action {action}")))),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddName {
    kind: NameKind,
    name: String,
}

pub(super) async fn add_name(
    control: Controls,
    realm: Path<String>,
    new: Json<AddName>,
) -> HttpResponse {
    answer(control.add_name(&realm, new.kind, &new.name))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    name: String,
}

pub(super) async fn rename_account(
    control: Controls,
    path: Path<(String, String)>,
    rename: Json<Rename>,
) -> HttpResponse {
    done(control.rename_account(&path.0, &path.1, &rename.name))
}

pub(super) async fn rename_name(
    control: Controls,
    path: Path<(String, String, String)>,
    rename: Json<Rename>,
) -> HttpResponse {
    done(list(&path.1).and_then(|kind| control.rename_name(&path.0, kind, &path.2, &rename.name)))
}

pub(super) async fn act_on_name(
    control: Controls,
    path: Path<(String, String, String, String)>,
) -> HttpResponse {
    let (realm, kind, id, action) = path.into_inner();
    done(list(&kind).and_then(|kind| match action.as_str() {
        "deactivate" => control.set_name_active(&realm, kind, &id, false),
        "reactivate" => control.set_name_active(&realm, kind, &id, true),
        "remove" => control.remove_name(&realm, kind, &id),
        _ => Err(ControlError::Unknown(format!("action {action}"))),
    }))
}

/// The list that a path names, in any case.
fn list(name: &str) -> Result<NameKind, ControlError> {
    NameKind::find(name).ok_or_else(|| ControlError::Unknown(format!("list {name}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscribe {
    offering: Offering,
}

pub(super) async fn set_offering(
    control: Controls,
    realm: Path<String>,
    subscribe: Json<Subscribe>,
) -> HttpResponse {
    done(control.set_offering(&realm, subscribe.offering))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseBooks {
    closing_date: NaiveDate,
    #[serde(default)]
    with_password: bool,
}

pub(super) async fn close_books(
    control: Controls,
    realm: Path<String>,
    close: Json<CloseBooks>,
) -> HttpResponse {
    done(control.close_books(&realm, close.closing_date, close.with_password))
}

pub(super) async fn notify(
    control: Controls,
    realm: Path<String>,
    notify: Json<Notify>,
) -> HttpResponse {
    let answered = control.notify(&realm, &notify).await;
    answer(answered.map(|status| json!({ "status": status })))
}

pub(super) async fn set_preferences(
    control: Controls,
    realm: Path<String>,
    patch: Json<Value>,
) -> HttpResponse {
    let set = || {
        let preferences: Preferences = patched(&control.preferences(&realm)?, patch.into_inner())?;
        control.set_preferences(&realm, preferences.clone())?;
        Ok(preferences)
    };
    answer(set())
}

pub(super) async fn act_on_company(
    control: Controls,
    path: Path<(String, String)>,
) -> HttpResponse {
    let (realm, action) = path.into_inner();
    done(match action.as_str() {
        "reopen-books" => control.reopen_books(&realm),
        "revoke-grants" => control.revoke_grants(&realm),
        "expire-access-tokens" => control.expire_access_tokens(&realm),
        "remove-user" => control.set_user_removed(&realm, true),
        "restore-user" => control.set_user_removed(&realm, false),
        "lapse-subscription" => control.set_subscription_lapsed(&realm, true),
        "renew-subscription" => control.set_subscription_lapsed(&realm, false),
        "forget-request-ids" => control.forget_request_ids(&realm),
        _ => Err(ControlError::Unknown(format!("action {action}"))),
    })
}

#[derive(Deserialize)]
pub(super) struct EntryFilter {
    doc_number: Option<String>,
}

pub(super) async fn entries(
    control: Controls,
    realm: Path<String>,
    filter: Query<EntryFilter>,
) -> HttpResponse {
    answer(match &filter.doc_number {
        Some(number) => control.entries_numbered(&realm, number),
        None => control.entries(&realm),
    })
}

pub(super) async fn insert_entry(
    control: Controls,
    realm: Path<String>,
    new: Json<NewEntry>,
) -> HttpResponse {
    answer(control.insert_entry(&realm, &new))
}

pub(super) async fn change_entry(
    control: Controls,
    path: Path<(String, String)>,
    new: Json<NewEntry>,
) -> HttpResponse {
    answer(control.change_entry(&path.0, &path.1, &new))
}

pub(super) async fn copy_entry(control: Controls, path: Path<(String, String)>) -> HttpResponse {
    answer(control.copy_entry(&path.0, &path.1))
}

pub(super) async fn delete_entry(control: Controls, path: Path<(String, String)>) -> HttpResponse {
    done(control.delete_entry(&path.0, &path.1))
}

pub(super) async fn trial_balance(control: Controls, realm: Path<String>) -> HttpResponse {
    answer(control.trial_balance(&realm))
}

pub(super) async fn company_counters(control: Controls, realm: Path<String>) -> HttpResponse {
    answer(control.company_counters(&realm))
}

pub(super) async fn set_consent(control: Controls, consent: Json<Consent>) -> HttpResponse {
    done(control.set_consent(consent.into_inner()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RedirectUri {
    uri: String,
}

pub(super) async fn register_redirect_uri(
    control: Controls,
    redirect: Json<RedirectUri>,
) -> HttpResponse {
    control.register_redirect_uri(&redirect.uri);
    done(Ok(()))
}

pub(super) async fn plans(control: Controls) -> HttpResponse {
    answer(Ok(control.plans()))
}

pub(super) async fn plan(control: Controls, plan: Json<FaultPlan>) -> HttpResponse {
    answer(Ok(json!({ "id": control.plan(plan.into_inner()) })))
}

pub(super) async fn clear_plans(control: Controls) -> HttpResponse {
    control.clear_plans();
    done(Ok(()))
}

pub(super) async fn release(control: Controls, id: Path<u64>) -> HttpResponse {
    answer(Ok(json!({ "released": control.release(*id) })))
}

pub(super) async fn clock(control: Controls) -> HttpResponse {
    answer(Ok(
        json!({ "now": control.now(), "standing": control.clock_is_standing() }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetClock {
    now: Option<DateTime<Utc>>,
    advance_seconds: Option<i64>,
    standing: Option<bool>,
}

pub(super) async fn set_clock(control: Controls, set: Json<SetClock>) -> HttpResponse {
    if let Some(standing) = set.standing {
        control.set_clock_standing(standing);
    }
    if let Some(now) = set.now {
        control.set_clock(now);
    }
    match set.advance_seconds.map(TimeDelta::try_seconds) {
        Some(Some(by)) => control.advance_clock(by),
        Some(None) => {
            return done(Err(ControlError::Refused(
                "advance_seconds is out of range".to_owned(),
            )));
        }
        None => {}
    }
    clock(control).await
}

pub(super) async fn switches(control: Controls) -> HttpResponse {
    answer(Ok(control.switches()))
}

pub(super) async fn set_switches(control: Controls, patch: Json<Value>) -> HttpResponse {
    answer(
        patched(&control.switches(), patch.into_inner())
            .inspect(|switches| control.set_switches(switches.clone())),
    )
}

pub(super) async fn limits(control: Controls) -> HttpResponse {
    answer(Ok(control.limits()))
}

pub(super) async fn set_limits(control: Controls, patch: Json<Value>) -> HttpResponse {
    answer(
        patched(&control.limits(), patch.into_inner())
            .inspect(|limits| control.set_limits(*limits)),
    )
}

pub(super) async fn calls(control: Controls) -> HttpResponse {
    answer(Ok(control.calls()))
}

pub(super) async fn counters(control: Controls) -> HttpResponse {
    answer(Ok(control.counters()))
}

pub(super) async fn violations(control: Controls) -> HttpResponse {
    answer(Ok(control.violations()))
}

pub(super) async fn reset(control: Controls) -> HttpResponse {
    control.reset();
    done(Ok(()))
}

/// Control bodies that cannot be read are answered with their reason.
pub(crate) fn json_config() -> JsonConfig {
    JsonConfig::default()
        .limit(16 << 20)
        .error_handler(|error, _| {
            let response = HttpResponse::BadRequest().json(json!({ "error": error.to_string() }));
            actix_web::error::InternalError::from_response(error, response).into()
        })
}
