//! The fault table, every row over the wire.

use quickbooks::fault::{ROWS, row_of};
use quickbooks::{Cause, Certainty, Fault, Ledger, Reference};
use serde_json::json as value;

use crate::envelopes::failure_of;
use crate::server::json;

struct Case {
    code: &'static str,
    detail: &'static str,
    element: Option<&'static str>,
    cause: Cause,
}

fn case(code: &'static str, detail: &'static str, cause: Cause) -> Case {
    Case {
        code,
        detail,
        element: None,
        cause,
    }
}

fn about(code: &'static str, element: &'static str, detail: &'static str, cause: Cause) -> Case {
    Case {
        element: Some(element),
        ..case(code, detail, cause)
    }
}

fn missing(kind: Reference, id: Option<&str>) -> Cause {
    Cause::ReferenceMissing {
        kind,
        id: id.map(str::to_owned),
    }
}

fn taken(entry_id: Option<&str>) -> Cause {
    Cause::NumberTaken {
        entry_id: entry_id.map(str::to_owned),
    }
}

/// Recorded words where the dossier quotes them.
fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("100", "", Cause::Unauthorised),
        case("110", "", Cause::Unauthorised),
        case(
            "120",
            "–11014-You do not have access to use QuickBooks Online Plus.",
            Cause::Forbidden,
        ),
        case("3100", "", Cause::Forbidden),
        case("3200", "Token revoked: eyJ", Cause::Unauthorised),
        case("003200", "Token expired: eyJ", Cause::Unauthorised),
        case("3202", "", Cause::Invalid),
        case(
            "3001",
            "The request limit was reached.  Try again later",
            Cause::Throttled,
        ),
        case("130", "", Cause::Unknown),
        case("140", "", Cause::CompanyLocked),
        case("150", "", Cause::CompanyUnderMaintenance),
        case("6190", "", Cause::SubscriptionLapsed),
        case("10200", "", Cause::CompanyReset),
        case("5020", "", Cause::PlanLacksFeature),
        case("5030", "", Cause::PlanLacksFeature),
        case("6200", "", Cause::PeriodClosed),
        case(
            "6210",
            "The account period has closed and the account books cannot be updated through through the QBO Services API. Please use the QBO website to make these changes.",
            Cause::PeriodClosed,
        ),
        case(
            "6140",
            "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=42 is assigned to TxnType=Journal Entry with TxnId=3632",
            taken(Some("3632")),
        ),
        case(
            "6140",
            "Duplicate Document Number Error : You must specify a different number. This number has already been used. DocNumber=42 is assigned to TxnType=Invoice with TxnId=3632",
            taken(None),
        ),
        case("6140", "", taken(None)),
        case(
            "610",
            "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees.",
            Cause::AccountInactive,
        ),
        case(
            "610",
            "Object Not Found : Another user has deleted this transaction.",
            Cause::EntryGone,
        ),
        case(
            "2500",
            "Invalid Reference Id : Accounts element id 7 not found",
            missing(Reference::Account, Some("7")),
        ),
        case(
            "2500",
            "Invalid Reference Id : Klasses element id 5000000000000085682 not found",
            missing(Reference::Class, Some("5000000000000085682")),
        ),
        case(
            "2500",
            "Invalid Reference Id : Depts element id 3 not found",
            missing(Reference::Department, Some("3")),
        ),
        case(
            "2500",
            "Invalid Reference Id : Names element id 4 not found",
            missing(Reference::Name, Some("4")),
        ),
        case("2500", "", missing(Reference::Other, None)),
        about(
            "2020",
            "AccountRef",
            "Required parameter AccountRef is missing in the request",
            missing(Reference::Account, None),
        ),
        about(
            "2020",
            "Line",
            "Required parameter Line is missing in the request",
            Cause::Invalid,
        ),
        case(
            "6000",
            "Business Validation Error: When you use Accounts Receivable, you must choose a customer in the Name field.",
            Cause::NameRequired {
                ledger: Ledger::Receivable,
            },
        ),
        case(
            "6000",
            "Business Validation Error: When You Use Accounts Payable, You Must Choose a Vendor in the Name Field",
            Cause::NameRequired {
                ledger: Ledger::Payable,
            },
        ),
        case(
            "6000",
            "Business Validation Error: Fill out at least two detail lines to continue.",
            Cause::Invalid,
        ),
        case(
            "6000",
            "Business Validation Error: An unexpected error occurred while accessing or saving your data. Please wait a few minutes and try again. If the problem persists, contact customer support.",
            Cause::Unknown,
        ),
        case(
            "6000",
            "Business Validation Error: Unexpected Internal Error. (-30000)",
            Cause::Invalid,
        ),
        case("2220", "", Cause::CurrencyNotEnabled),
        case("6430", "", Cause::AccountTypeRefused),
        case(
            "5010",
            "Stale Object Error : You and A were working on this at the same time. A finished before you did, so your work was not saved.",
            Cause::Stale,
        ),
        case(
            "6240",
            "The name supplied already exists. : null",
            Cause::NameTaken,
        ),
        about(
            "2050",
            "DocNumber",
            "String length specified does not match the supported length. Min:0 Max:21 supported. Supplied length:45",
            Cause::Invalid,
        ),
        about(
            "2030",
            "Id",
            "Id should be a valid number. Supplied value:1.5",
            Cause::Invalid,
        ),
        case(
            "500",
            "Operation Could not find resource for relative : /v3/company/1/x is not supported.",
            Cause::Invalid,
        ),
        case(
            "2010",
            "Property Name:Unrecognized field \"BadJson\" (class com.intuit.schema.finance.v3.Invoice), not marked as ignorable (83 known properties: …) specified is unsupported or invalid",
            Cause::Invalid,
        ),
        case(
            "4000",
            "QueryParserError: Encountered \" <IDENTIFIER> \"TxnDate \"\" at line 1, column 29.",
            Cause::Invalid,
        ),
        case(
            "4001",
            "QueryValidationError: value 0 is too small. Min allowed value is 1",
            Cause::Invalid,
        ),
    ];
    let refused = [
        "620", "630", "700", "800", "900", "6250", "6310", "6320", "6480", "6540",
    ];
    cases.extend(refused.map(|code| case(code, "", Cause::Refused)));
    let invalid = [
        "1040", "1050", "2000", "2020", "2040", "2060", "2070", "2080", "2090", "2100", "2110",
        "2130", "2140", "2150", "2160", "2170", "2180", "2190", "2230", "2240", "2250", "2260",
        "2270", "2280", "2290", "2300", "2600", "10100",
    ];
    cases.extend(invalid.map(|code| case(code, "", Cause::Invalid)));
    let unknown = ["600", "1000", "1010", "1020", "4002", "10000"];
    cases.extend(unknown.map(|code| case(code, "", Cause::Unknown)));
    cases
}

#[tokio::test]
async fn every_row_means_what_it_says() {
    let mut rows_seen = vec![false; ROWS.len()];
    for case in cases() {
        let error = value!({"Message": "headline", "Detail": case.detail, "code": case.code, "element": case.element});
        let body = value!({"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "x"});
        let failure = failure_of(json(400, &body.to_string())).await;
        assert_eq!(failure.cause, case.cause, "{} {}", case.code, case.detail);
        let row = row_of(&failure.faults[0]).unwrap();
        let index = ROWS.iter().position(|other| std::ptr::eq(other, row));
        rows_seen[index.unwrap()] = true;
    }
    for (row, seen) in ROWS.iter().zip(rows_seen) {
        assert!(seen, "no case for {:?} {:?}", row.codes, row.when);
        assert!(!row.source.is_empty());
    }
}

#[tokio::test]
async fn a_fault_outside_the_table_is_unknown() {
    for (code, detail) in [
        ("6000", "Business Validation Error: something new"),
        ("6000", ""),
        ("610", "Object Not Found"),
        ("2120", ""),
        ("99999", ""),
        ("", ""),
        ("ABC", ""),
    ] {
        let body = value!({"Fault": {"Error": [{"Message": "m", "Detail": detail, "code": code}]}});
        let failure = failure_of(json(400, &body.to_string())).await;
        assert_eq!(failure.cause, Cause::Unknown, "{code} {detail}");
    }
}

async fn cause_of(status: u16, errors: serde_json::Value) -> Cause {
    let body = value!({"Fault": {"Error": errors, "type": "ValidationFault"}});
    failure_of(json(status, &body.to_string())).await.cause
}

#[tokio::test]
async fn among_several_faults_the_least_certain_counts() {
    let invalid = value!({"Message": "m", "code": "2050", "element": "DocNumber"});
    let account = value!({"Message": "m", "code": "2020", "element": "AccountRef"});
    let taken_by =
        value!({"Message": "m", "code": "6140", "Detail": "TxnType=Journal Entry with TxnId=9"});
    let strange = value!({"Message": "m", "code": "77"});
    let closed = value!({"Message": "m", "code": "6200"});
    let lapsed = value!({"Message": "m", "code": "6190"});
    let throttled = value!({"Message": "m", "code": "3001"});
    // Recorded together: JE-LOG (2050 and 2020), FIN (6140 and three 2020).
    assert_eq!(
        cause_of(400, value!([invalid, account])).await,
        missing(Reference::Account, None),
        "what a person can mend comes before what is ours"
    );
    assert_eq!(
        cause_of(400, value!([account, account, account, taken_by])).await,
        taken(Some("9"))
    );
    assert_eq!(
        cause_of(400, value!([closed, strange])).await,
        Cause::Unknown
    );
    assert_eq!(
        cause_of(400, value!([closed, throttled])).await,
        Cause::Throttled
    );
    assert_eq!(
        cause_of(400, value!([closed, lapsed])).await,
        Cause::SubscriptionLapsed,
        "what stops the whole company comes first"
    );
}

#[tokio::test]
async fn a_server_error_is_unknown_even_with_a_definite_fault_inside() {
    let closed = value!([{"Message": "m", "code": "6200"}]);
    assert_eq!(cause_of(500, closed).await, Cause::Unknown);
    let system = value!([{"Message": "An application error has occurred while processing your request", "Detail": "System Failure Error: null", "code": "10000"}]);
    assert_eq!(cause_of(500, system).await, Cause::Unknown);
}

#[tokio::test]
async fn a_strange_code_at_the_gateway_means_what_its_status_says() {
    let strange = value!([{"Message": "m", "code": "3999"}]);
    assert_eq!(cause_of(401, strange.clone()).await, Cause::Unauthorised);
    assert_eq!(cause_of(429, strange).await, Cause::Throttled);
}

#[test]
fn only_what_had_no_effect_is_definite() {
    let certainty = |code: &str, detail: &str| {
        let fault = Fault {
            code: code.to_owned(),
            detail: Some(detail.to_owned()),
            ..Fault::default()
        };
        (row_of(&fault).unwrap().cause)(&fault).certainty()
    };
    assert_eq!(certainty("6200", ""), Certainty::Definite);
    assert_eq!(certainty("2300", ""), Certainty::Definite);
    assert_eq!(certainty("3001", ""), Certainty::Throttled);
    assert_eq!(certainty("3200", ""), Certainty::Unauthorised);
    for code in ["600", "6140", "150", "130", "1000", "10000"] {
        assert_eq!(certainty(code, ""), Certainty::Unknown, "{code}");
    }
    assert_eq!(
        certainty("6000", "Please wait a few minutes"),
        Certainty::Unknown
    );
    assert_eq!(Cause::NotSent.certainty(), Certainty::NotSent);
}
