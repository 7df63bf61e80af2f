//! What the examples of the accountant's desk show: what is mapped, what is missing, and what was changed.

use super::values::{ACCOUNT, at, id, mapping, some};
use crate::resource::known_key::DeclaredKeys;
use service::account_creation::{AccountCreation, MapTo, State};
use service::known_key::{Declared, DeclaredKey, KeySource, KnownKey, KnownKeyKind, MappedKey};
use service::mapping::MappingResult;
use service::mapping::{ChangedAccount, MappingChange, Way};
use service::readiness::{BrokenMapping, Readiness, UnmappedNeed};
use service::suggestion::{
    AppliedSuggestions, Confidence, MappingSuggestion, SuggestedAccount, SuggestedNewAccount,
};

pub(super) fn mapping_change() -> MappingChange {
    MappingChange {
        id: id("mch_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        changed_at: at("2026-11-02T10:10:00Z"),
        changed_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        way: Way::Suggestion,
        slot: "revenue".to_owned(),
        key: some("apparel"),
        location: None,
        from_account: None,
        to_account: Some(ChangedAccount {
            id: id(ACCOUNT),
            name: "4000 Sales Apparel".to_owned(),
        }),
    }
}

pub(super) fn missing_mapping() -> UnmappedNeed {
    UnmappedNeed {
        slot: "payment".to_owned(),
        key: some("paypal"),
        location: some("web"),
        declared: false,
        events: 12,
        never_synced: 2,
        first_seen_at: Some(at("2026-11-20T23:22:07Z")),
        example_event_id: Some(id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        hint: None,
    }
}

pub(super) fn readiness() -> Readiness {
    let mut broken = mapping();
    broken.broken = some(
        "account 4000 Sales Apparel is inactive in QuickBooks; make it active there, or choose another",
    );
    let mut unusual = mapping();
    unusual.slot = "deposit".to_owned();
    unusual.key = None;
    unusual.warning = some(
        "an account of type Income is unusual for slot deposit; usual: Other Current Liability",
    );
    Readiness {
        complete: false,
        message: "1 account is missing: payment[paypal] at web. 1 mapping is broken: account 4000 Sales Apparel is inactive in QuickBooks; make it active there, or choose another.".to_owned(),
        missing_total: 1,
        missing: vec![missing_mapping()],
        broken: vec![BrokenMapping {
            mapping: broken,
            events: 3,
            never_synced: 0,
        }],
        broken_locations: Vec::new(),
        unusual: vec![unusual],
    }
}

pub(super) fn suggestions() -> Vec<MappingSuggestion> {
    vec![
        MappingSuggestion {
            slot: "revenue".to_owned(),
            key: some("apparel"),
            serves: vec!["revenue[apparel] at boston".to_owned()],
            events: 41,
            account: Some(SuggestedAccount {
                id: id(ACCOUNT),
                number: some("4000"),
                name: "Sales Apparel".to_owned(),
                confidence: Confidence::High,
                reason: "4000 Sales Apparel is named for this class; its type, Income, is usual for revenue"
                    .to_owned(),
            }),
            create: None,
        },
        MappingSuggestion {
            slot: "payment".to_owned(),
            key: some("paypal"),
            serves: vec!["payment[paypal] at web".to_owned()],
            events: 12,
            account: None,
            create: Some(SuggestedNewAccount {
                name: "Paypal Clearing".to_owned(),
                account_type: "Other Current Asset".to_owned(),
                account_sub_type: "OtherCurrentAssets".to_owned(),
                number: some("1320"),
                confidence: Confidence::Medium,
                reason: "no account of the chart plays this role; Paypal Clearing would be what was paid so and is not in the bank yet; \
                         its type, Other Current Asset, is usual for payment"
                    .to_owned(),
            }),
        },
    ]
}

pub(super) fn account_creation(done: bool) -> AccountCreation {
    AccountCreation {
        id: id("acr_01jd5zk8x9e3qr0v7m2c4n6p8t"),
        state: if done { State::Done } else { State::Queued },
        name: "Paypal Clearing".to_owned(),
        number: some("1320"),
        account_type: "Other Current Asset".to_owned(),
        account_sub_type: some("OtherCurrentAssets"),
        map_to: Some(MapTo {
            slot: "payment".to_owned(),
            key: some("paypal"),
        }),
        account_id: done.then(|| id(ACCOUNT)),
        problem_code: None,
        problem: None,
        requested_by: "key_01jd5zk8x9e3qr0v7m2c4n6p8t".to_owned(),
        requested_at: at("2026-11-20T23:30:00Z"),
        finished_at: done.then(|| at("2026-11-20T23:30:02Z")),
    }
}

pub(super) fn applied() -> AppliedSuggestions {
    AppliedSuggestions {
        results: vec![MappingResult {
            index: 0,
            mapping: Some(mapping()),
            problem: None,
        }],
        cures: 0,
        readiness: readiness(),
    }
}

pub(super) fn known_key() -> KnownKey {
    KnownKey {
        kind: KnownKeyKind::PaymentType,
        key: "cash".to_owned(),
        source: KeySource::Event,
        first_seen_at: at("2026-11-20T23:22:07Z"),
        first_event_id: Some(id("evt_01jd5zk8x9e3qr0v7m2c4n6p8t")),
        declared_by: None,
        mapped: vec![MappedKey {
            slot: "payment".to_owned(),
            location: None,
            by_default: false,
            account_id: id(ACCOUNT),
            account: "1010 Cash in Drawer".to_owned(),
        }],
        missing: vec!["deposit".to_owned()],
    }
}

pub(super) fn declared_keys() -> DeclaredKeys {
    let result = |index, result| DeclaredKey {
        index,
        result,
        problem: None,
    };
    DeclaredKeys {
        results: vec![result(0, Declared::Declared), result(1, Declared::Known)],
    }
}
