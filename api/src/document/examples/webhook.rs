//! What the examples of webhooks show: an endpoint, what reached it, and each message.

use super::values::{alert, at, id, some};
use serde_json::{Value, json};
use service::webhook::{
    AlertMessage, Attempt, ConnectionMessage, ConnectionNotice, Delivery, DeliveryDetail, Endpoint,
    EventMessage, EventNotice, Kind, NewEndpoint, NewSecret, PastSyncMessage, PastSyncNotice,
    Replayed, State, SyncMessage, SyncNotice, TestMessage, TestNotice,
};

const TENANT: &str = "ten_01jd5zk8x9e3qr0v7m2c4n6p8t";
const MESSAGE: &str = "msg_01jd5zk8x9e3qr0v7m2c4n6p8t";

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        id: id("whe_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        url: "https://pos.example.com/webhooks/tillpost".to_owned(),
        description: "point of sale".to_owned(),
        types: vec!["alert.opened".to_owned(), "alert.closed".to_owned()],
        state: State::Enabled,
        disabled_reason: None,
        disabled_at: None,
        public_keys: vec!["whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned()],
        last_success_at: Some(at("2026-11-20T06:00:01Z")),
        last_failure_at: None,
        failing_since: None,
        failures: 0,
        paused_until: None,
        created_at: at("2026-11-02T09:35:00Z"),
        created_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
    }
}

pub(super) fn disabled_endpoint() -> Endpoint {
    Endpoint {
        state: State::Disabled,
        disabled_reason: some("by_hand"),
        disabled_at: Some(at("2026-11-21T08:00:00Z")),
        ..endpoint()
    }
}

pub(super) fn new_endpoint() -> NewEndpoint {
    NewEndpoint {
        endpoint: Endpoint {
            last_success_at: None,
            ..endpoint()
        },
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…".to_owned(),
    }
}

pub(super) fn new_secret() -> NewSecret {
    NewSecret {
        endpoint: endpoint(),
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD…".to_owned(),
        old_secrets_count_until: at("2026-11-22T08:00:00Z"),
    }
}

pub(super) fn delivery() -> Delivery {
    Delivery {
        id: id(MESSAGE),
        number: 42,
        kind: "alert.opened".to_owned(),
        occurred_at: at("2026-11-20T06:00:00Z"),
        state: "delivered".to_owned(),
        attempts: 2,
        next_attempt_at: None,
        http_status: Some(200),
        settled_at: Some(at("2026-11-20T06:00:06Z")),
    }
}

pub(super) fn replayed_delivery() -> Delivery {
    Delivery {
        state: "waiting".to_owned(),
        next_attempt_at: Some(at("2026-11-21T08:00:00Z")),
        settled_at: None,
        ..delivery()
    }
}

pub(super) fn delivery_detail() -> DeliveryDetail {
    let attempt = |number, second: &str, http_status, outcome: &str| Attempt {
        number,
        started_at: at(&format!("2026-11-20T06:00:0{second}Z")),
        finished_at: Some(at(&format!("2026-11-20T06:00:0{second}.084Z"))),
        outcome: some(outcome),
        http_status: Some(http_status),
        took_ms: Some(84),
        detail: (http_status != 200).then(|| format!("it answered {http_status}")),
        answer: None,
    };
    DeliveryDetail {
        delivery: delivery(),
        data: json!(alert()),
        log: vec![
            attempt(1, "1", 500, "refused"),
            attempt(2, "6", 200, "delivered"),
        ],
    }
}

pub(super) fn replayed() -> Replayed {
    Replayed {
        messages: 10,
        from_number: Some(40),
        to_number: Some(49),
        more: false,
    }
}

/// A message of this kind.
pub(in super::super) fn message(kind: Kind) -> Value {
    let (timestamp, number, tenant_id) = (at("2026-11-20T06:00:00Z"), 42, id(TENANT));
    let kind_name = kind.as_str().to_owned();
    macro_rules! told {
        ($message:ident, $data:expr) => {
            json!($message {
                kind: kind_name,
                timestamp,
                number,
                tenant_id,
                data: $data
            })
        };
    }
    match kind {
        Kind::AlertOpened => told!(AlertMessage, alert()),
        Kind::AlertClosed => told!(
            AlertMessage,
            service::alert::Alert {
                state: service::alert::State::Closed,
                events: 0,
                closed_at: Some(timestamp),
                ..alert()
            }
        ),
        Kind::EventSynced => told!(EventMessage, event("synced")),
        Kind::EventFailed => told!(EventMessage, event("failed")),
        Kind::PastSyncFinished => told!(
            PastSyncMessage,
            PastSyncNotice {
                id: id("pas_01jd5zk8x9e3qr0v7m2c4n6p8t"),
                from_date: "2026-11-01"
                    .parse()
                    .expect("examples are written with days"),
                to_date: "2026-11-15"
                    .parse()
                    .expect("examples are written with days"),
                cancelled: false,
                events: 412,
                synced: 409,
                failed: 1,
                skipped: 2,
                link: format!("/v1/tenants/{TENANT}/past-syncs/pas_01jd5zk8x9e3qr0v7m2c4n6p8t"),
            }
        ),
        Kind::ConnectionChanged => told!(
            ConnectionMessage,
            ConnectionNotice {
                state: "action_required".to_owned(),
                problem_code: some("authentication_lost"),
                company_id: "9341453474484455".to_owned(),
                company_name: "Harbour Street Outfitters, Inc.".to_owned(),
                link: format!("/v1/tenants/{TENANT}/connection"),
            }
        ),
        Kind::SyncChanged => told!(
            SyncMessage,
            SyncNotice {
                running: true,
                started_at: Some(timestamp),
                link: format!("/v1/tenants/{TENANT}/sync"),
            }
        ),
        Kind::Test => told!(
            TestMessage,
            TestNotice {
                endpoint_id: endpoint().id,
                requested_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
            }
        ),
    }
}

fn event(status: &str) -> EventNotice {
    let synced = status == "synced";
    let of = |wanted: bool, text: &str| Some(text.to_owned()).filter(|_| wanted);
    EventNotice {
        id: id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        external_id: "tkt_1001".to_owned(),
        kind: "ticket".to_owned(),
        number: "100001".to_owned(),
        occurred_at: at("2026-11-20T05:58:12Z"),
        status: status.to_owned(),
        problem_code: of(!synced, "missing_mappings"),
        problem_detail: of(!synced, "no account is mapped for payment[paypal]"),
        company_id: of(synced, "9341453474484455"),
        qbo_id: of(synced, "228"),
        link: format!("/v1/tenants/{TENANT}/events/evt_01jd5zk8x9e3qr0v7m2c4n6p8t"),
    }
}
