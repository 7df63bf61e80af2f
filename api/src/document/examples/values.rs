//! What the examples show: one retailer, its company and what is told of it.

use super::event::MISSING;
use crate::resource::mapping::MappingResults;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use service::access::Scope;
use service::alert::Alert;
use service::api_key::{ApiKey, NewApiKey, RotatedApiKey};
use service::audit::{AuditHead, AuditRecord};
use service::chart::{Account, AccountImport};
use service::connection::link::{ConnectionLink, LinkState, NewConnectionLink};
use service::connection::{self, AuthorizationRequest, Connection};
use service::mapping::{ClearedMappings, ClearedResult, Mapping, MappingProblem, MappingResult};
use service::sync::{self, Counts, Sync};
use service::tenant::{ClosedPeriod, Settings, Status, Tenant};
use std::str::FromStr;

pub(super) const ACCOUNT: &str = "acc_01jd5zk8x9e3qr0v7m2c4n6p8t";

pub(super) fn id<T: FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| unreachable!("examples are written with ids: {text}"))
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("examples are written with instants")
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().expect("examples are written with days")
}

pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) fn tenant() -> Tenant {
    Tenant {
        id: id("ten_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        name: "Harbour Street Outfitters".to_owned(),
        status: Status::Active,
        rounding_tolerance: "0.05".to_owned(),
        net_lines: false,
        closed_period: ClosedPeriod::Fail,
        batches: true,
        created_at: at("2026-11-02T09:30:00Z"),
        updated_at: at("2026-11-02T09:30:00Z"),
        deleted_at: None,
    }
}

pub(super) fn deleted_tenant() -> Tenant {
    Tenant {
        status: Status::Deleted,
        updated_at: at("2026-11-26T16:00:00Z"),
        deleted_at: Some(at("2026-11-26T16:00:00Z")),
        ..tenant()
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        closed_period: ClosedPeriod::FirstOpenDay,
        net_lines: false,
        rounding_tolerance: "0.05".to_owned(),
        batches: true,
        updated_at: at("2026-11-02T09:30:00Z"),
    }
}

pub(super) fn api_key() -> ApiKey {
    ApiKey {
        id: id("key_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        name: "point of sale".to_owned(),
        scopes: [Scope::EventsWrite, Scope::EventsRead]
            .map(|scope| scope.as_str().to_owned())
            .into(),
        created_at: at("2026-11-02T09:31:00Z"),
        created_by: "platform".to_owned(),
        expires_at: Some(at("2027-11-20T00:00:00Z")),
        last_used_at: None,
        revoked_at: None,
        replaces: None,
    }
}

pub(super) fn new_api_key() -> NewApiKey {
    NewApiKey {
        key: api_key(),
        secret: "tp_test_01jd5zk8x9e3qr0v7m2c4n6p8t_…_9f86d081".to_owned(),
    }
}

pub(super) fn rotated_api_key() -> RotatedApiKey {
    let mut new_key = new_api_key();
    let old_key = ApiKey {
        expires_at: Some(at("2026-11-21T23:22:05Z")),
        last_used_at: Some(at("2026-11-20T23:21:00Z")),
        ..api_key()
    };
    new_key.key = ApiKey {
        id: id("key_01kahv9r6be7wt2m4y8n0q5s3d"),
        created_at: at("2026-11-20T23:22:05Z"),
        replaces: Some(old_key.id),
        ..new_key.key
    };
    new_key.secret = "tp_test_01kahv9r6be7wt2m4y8n0q5s3d_…_5d41402a".to_owned();
    RotatedApiKey { new_key, old_key }
}

pub(super) fn connection(state: connection::State) -> Connection {
    let connected = state == connection::State::Connected;
    Connection {
        state,
        id: Some(id("con_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        company_id: some("9341453474484455"),
        company_name: some("Harbour Street Outfitters, Inc."),
        home_currency: some("USD"),
        closing_date: Some(day("2025-12-31")),
        grant_expires_at: connected.then(|| at("2027-02-28T10:00:00Z")),
        grant_hard_expires_at: connected.then(|| at("2031-11-01T10:00:00Z")),
        grant_refreshed_at: connected.then(|| at("2026-11-20T22:53:41Z")),
        access_expires_at: connected.then(|| at("2026-11-20T23:53:41Z")),
        connected_at: Some(at("2026-11-02T10:00:00Z")),
        last_success_at: Some(at("2026-11-20T23:22:07Z")),
        asked_again_at: None,
    }
}

pub(super) fn authorization_request() -> AuthorizationRequest {
    AuthorizationRequest {
        id: id("arq_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        authorization_url: "https://api.example.com/v1/connect/kq3…".to_owned(),
        expires_at: at("2026-11-02T10:05:00Z"),
    }
}

pub(super) fn connection_link(state: LinkState) -> ConnectionLink {
    ConnectionLink {
        id: id("lnk_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        state,
        created_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        created_at: at("2026-11-02T09:55:00Z"),
        expires_at: at("2026-11-09T09:55:00Z"),
        used_at: (state == LinkState::Used).then(|| at("2026-11-02T10:00:00Z")),
        revoked_at: (state == LinkState::Revoked).then(|| at("2026-11-02T10:00:00Z")),
    }
}

pub(super) fn new_connection_link() -> NewConnectionLink {
    NewConnectionLink {
        link: connection_link(LinkState::Open),
        url: "https://api.example.com/v1/links/kq3…".to_owned(),
    }
}

pub(super) fn account_import() -> AccountImport {
    AccountImport {
        id: id("aci_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        state: "done".to_owned(),
        accounts_read: 94,
        problem: None,
        requested_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        requested_at: at("2026-11-02T10:00:01Z"),
        finished_at: Some(at("2026-11-02T10:00:03Z")),
    }
}

pub(super) fn account() -> Account {
    Account {
        id: id(ACCOUNT),
        qbo_id: "79".to_owned(),
        number: some("4000"),
        name: "Sales Apparel".to_owned(),
        fully_qualified_name: "Sales:Sales Apparel".to_owned(),
        account_type: "Income".to_owned(),
        account_sub_type: some("SalesOfProductIncome"),
        active: true,
        vanished_at: None,
        imported_at: at("2026-11-02T10:00:03Z"),
    }
}

pub(super) fn mapping() -> Mapping {
    Mapping {
        id: id("map_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        slot: "revenue".to_owned(),
        key: some("apparel"),
        location: None,
        account_id: id(ACCOUNT),
        account_name: "Sales Apparel".to_owned(),
        account_number: some("4000"),
        broken: None,
        warning: None,
        set_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        set_at: at("2026-11-02T10:10:00Z"),
    }
}

pub(super) fn mapping_results() -> MappingResults {
    MappingResults {
        results: vec![
            MappingResult {
                index: 0,
                mapping: Some(mapping()),
                problem: None,
            },
            MappingResult {
                index: 1,
                mapping: None,
                problem: Some(MappingProblem {
                    code: "unknown_account".to_owned(),
                    detail: format!(
                        "there is no account {ACCOUNT} in the imported chart; list the accounts, or import the chart again"
                    ),
                    field: some("account_id"),
                }),
            },
        ],
        cures: 12,
    }
}

pub(super) fn cleared_mappings() -> ClearedMappings {
    ClearedMappings {
        results: vec![
            ClearedResult {
                index: 0,
                cleared: Some(mapping()),
                problem: None,
            },
            ClearedResult {
                index: 1,
                cleared: None,
                problem: Some(MappingProblem {
                    code: "unknown_mapping".to_owned(),
                    detail: "there is no row map_01jd5zk8x9e3qr0v7m2c4n6p8v in the mapping of this company; it may be cleared already: list the mapping"
                        .to_owned(),
                    field: some("mapping_id"),
                }),
            },
        ],
        blocks: 12,
        cures: 0,
    }
}

pub(super) fn sync(state: sync::State, message: &str) -> Sync {
    Sync {
        state,
        message: message.to_owned(),
        waiting: None,
        waiting_until: None,
        alert: None,
        alerts: 0,
        started_at: Some(at("2026-11-16T00:00:00Z")),
        last_success_at: Some(at("2026-11-20T23:22:07Z")),
        oldest_waiting_at: None,
        events: Counts {
            never_synced: 10,
            synced: 312,
            skipped: 3,
            ..Counts::default()
        },
    }
}

pub(super) fn alert() -> Alert {
    let cause = service::alert::Cause::MissingMapping;
    Alert {
        id: id("alr_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        code: cause,
        problem_code: None,
        severity: cause.severity(),
        state: service::alert::State::Open,
        detail: MISSING.to_owned(),
        steps: cause.steps().iter().map(|&step| step.to_owned()).collect(),
        link: format!("/v1/tenants/ten_01jd5zk8x9e3qr0v7m2c4n6p8t{}", cause.link()),
        subjects: vec!["payment[paypal]".to_owned()],
        events: 3,
        example_event_ids: vec![id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")],
        occurrences: 3,
        opened_at: at("2026-11-20T06:00:00Z"),
        last_seen_at: at("2026-11-20T06:10:00Z"),
        acknowledged_at: None,
        acknowledged_by: None,
        closed_at: None,
    }
}

pub(super) fn acknowledged_alert() -> Alert {
    Alert {
        acknowledged_at: Some(at("2026-11-20T07:00:00Z")),
        acknowledged_by: Some("key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned()),
        ..alert()
    }
}

pub(super) fn audit_record() -> AuditRecord {
    AuditRecord {
        tenant_id: id("ten_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        sequence: 17,
        id: id("aud_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        recorded_at: at("2026-11-20T23:30:00Z"),
        actor: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        action: "event.replaced".to_owned(),
        subject: "evt_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        detail: json!({"from_version": 1, "to_version": 2}),
        previous_hash: "3b7a5f0f6a1d94c0b8a7e2d15c6f4e9a0d1c2b3a49586776655443322110ffee"
            .to_owned(),
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
    }
}

pub(super) fn audit_head() -> AuditHead {
    let AuditRecord {
        tenant_id,
        sequence,
        hash,
        ..
    } = audit_record();
    AuditHead {
        tenant_id,
        sequence,
        hash,
    }
}
