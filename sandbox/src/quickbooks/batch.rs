//! A batch: up to thirty items, each with its own effect, request id memory and planned fault.

use serde_json::{Map, Value, json};

use super::call::BatchItem;
use super::clock::envelope_time;
use super::fault::{Fault, catalogue};
use super::perform::perform;
use super::plan::Outcome;
use super::record::Violation;
use super::reply::{Content, Reply};
use super::request_id::{BATCH_ITEM_ID_MAX, Claim};
use super::world::World;

/// The most items of a batch.
const ITEMS_MAX: usize = 30;

/// Answers a batch sent to an existing company.
pub(crate) fn answer(
    world: &mut World,
    realm_id: &str,
    items: &[BatchItem],
    request_id: Option<&str>,
) -> Reply {
    let now = world.clock.now();
    if items.len() > ITEMS_MAX {
        return Reply::fault(catalogue::batch_too_big().into(), now);
    }
    // That a long item id fails the whole batch is assumed.
    if request_id.is_some()
        && let Some(item) = items
            .iter()
            .find(|item| item.b_id.len() > BATCH_ITEM_ID_MAX)
    {
        return Reply::fault(catalogue::request_id_format(&item.b_id).into(), now);
    }
    let mut answers: Vec<Value> = items
        .iter()
        .filter_map(|item| {
            let mut member = answer_item(world, realm_id, item, request_id)?;
            member.insert("bId".to_owned(), json!(item.b_id));
            Some(Value::Object(member))
        })
        .collect();
    // No order is promised, so none is kept.
    world.dice.shuffle(&mut answers);
    Reply::json(&json!({ "BatchItemResponse": answers, "time": envelope_time(now) }))
}

/// One item's member, or nothing when a planned fault leaves it out.
fn answer_item(
    world: &mut World,
    realm_id: &str,
    item: &BatchItem,
    request_id: Option<&str>,
) -> Option<Map<String, Value>> {
    let doc_number = item.ask.doc_number();
    let planned = world.plans.take(
        item.ask.operation(),
        Some(realm_id),
        doc_number.as_deref(),
        &mut world.dice,
    );
    let plan = planned
        .map(|planned| planned.plan.under(&world.switches))
        .unwrap_or_default();
    let answered = plan
        .commits()
        .then(|| done_once(world, realm_id, item, request_id));
    match plan.outcome {
        Outcome::Drop | Outcome::Cut => None,
        Outcome::WaitAFewMinutes => Some(fault_member(&catalogue::wait_a_few_minutes().into())),
        // Inside a batch a gateway's refusal of one item is not known; assumed to look like its fault.
        Outcome::Fault(code) => Some(fault_member(&catalogue::planned(code).into())),
        Outcome::Throttled => Some(fault_member(&catalogue::throttled())),
        Outcome::Unauthorized => Some(fault_member(&catalogue::token_refused(
            "Token expired".to_owned(),
        ))),
        Outcome::Garbage => Some(Map::from_iter([(
            "JournalEntry".to_owned(),
            json!({ "Id": 2 }),
        )])),
        // An item has no status of its own: what fails behind the service is its "wait a few minutes".
        Outcome::Status(_) => Some(fault_member(&catalogue::wait_a_few_minutes().into())),
        Outcome::Answer => answered,
    }
}

/// The item's effect and member; the repeat of (request id, item id) gets the first one's member.
fn done_once(
    world: &mut World,
    realm_id: &str,
    item: &BatchItem,
    request_id: Option<&str>,
) -> Map<String, Value> {
    let now = world.clock.now();
    let World {
        companies,
        switches,
        record,
        ..
    } = world;
    let Some(company) = companies.get_mut(realm_id) else {
        return Map::new();
    };
    let key = request_id
        .filter(|_| item.ask.operation().writes())
        .map(|id| format!("{id}/{}", item.b_id));
    if let Some(key) = &key {
        let claim = company.request_ids.claim(
            key,
            item.fingerprint,
            now,
            switches.repeated_batch_item,
            switches,
        );
        if claim.is_changed() {
            let (realm_id, request_id) = (realm_id.to_owned(), key.clone());
            record
                .violations
                .push(Violation::RequestIdReusedWithAnotherBody {
                    realm_id,
                    request_id,
                });
        }
        match claim {
            Claim::First => {}
            Claim::Repeat { reply, .. } => return kept_member(&reply),
            Claim::Duplicate { .. } => {
                return fault_member(&catalogue::duplicate_request_id().into());
            }
            // A batch does not wait for its twin.
            Claim::Unwell { .. } | Claim::Wait(_) | Claim::Busy => {
                return fault_member(&catalogue::wait_a_few_minutes().into());
            }
        }
    }
    let done = perform(company, &item.ask, switches, now);
    let keep = done.is_ok() || switches.store_faults;
    if done.is_ok() {
        record.counters.count(item.ask.operation());
    }
    let member = match done {
        Ok((name, value)) => Map::from_iter([(name.to_owned(), value)]),
        Err(fault) => fault_member(&fault),
    };
    if let Some(key) = key {
        company.request_ids.settle(
            &key,
            keep.then(|| Reply::json(&Value::Object(member.clone()))),
        );
    }
    member
}

fn kept_member(reply: &Reply) -> Map<String, Value> {
    match &reply.content {
        Content::Json(text) => serde_json::from_slice(text).unwrap_or_default(),
        _ => Map::new(),
    }
}

fn fault_member(fault: &Fault) -> Map<String, Value> {
    Map::from_iter([("Fault".to_owned(), fault.batch_member())])
}
