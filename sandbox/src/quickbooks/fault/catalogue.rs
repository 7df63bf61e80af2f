//! Every error the simulator can answer, with the service's texts.
//!
//! A text is recorded or documented unless its comment says "assumed".

use super::{Fault, FaultError, FaultType};

const BUSINESS: &str = "A business validation error has occurred while processing your request";

/// 3200: the token is not good any more, or never was; `detail` names it.
pub(crate) fn token_refused(detail: String) -> Fault {
    let message = "message=AuthenticationFailed; errorCode=003200; statusCode=401";
    Fault {
        status: 401,
        fault_type: FaultType::Authentication,
        errors: vec![FaultError::new("3200", message, detail)],
    }
}

/// 3202: no bearer token at all. Message form assumed after 3200's.
pub(crate) fn token_missing() -> Fault {
    let message = "message=EmptyField; errorCode=003202; statusCode=401";
    let error = FaultError::new("3202", message, "oauth_token");
    Fault {
        status: 401,
        fault_type: FaultType::Authentication,
        errors: vec![error],
    }
}

/// 3100: the token's grant is not for this company.
pub(crate) fn company_not_granted() -> Fault {
    let error = FaultError {
        code: "3100",
        message: "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
            .to_owned(),
        detail: None,
        element: None,
    };
    Fault {
        status: 403,
        fault_type: FaultType::Service,
        errors: vec![error],
    }
}

/// 3001: a throttle bucket is empty. Recorded in XML; the JSON form is assumed.
pub(crate) fn throttled() -> Fault {
    let message = "message=ThrottleExceeded; errorCode=003001; statusCode=429";
    let error = FaultError::new(
        "3001",
        message,
        "The request limit was reached.  Try again later",
    );
    Fault {
        status: 429,
        fault_type: FaultType::Service,
        errors: vec![error],
    }
}

/// 6190: the subscription has lapsed.
pub(crate) fn subscription_lapsed() -> FaultError {
    FaultError::new(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or been canceled, or there was a billing problem : You can't add data to \
         QuickBooks Online Plus because your trial or subscription period ended",
    )
}

/// 500: no such resource or operation.
pub(crate) fn unsupported(path: &str) -> FaultError {
    FaultError::new(
        "500",
        "Unsupported Operation",
        format!("Operation Could not find resource for relative : {path} is not supported."),
    )
}

/// 500: a character that a US company's ISO-8859-1 books cannot hold.
pub(crate) fn malformed_bytes() -> FaultError {
    FaultError::new(
        "500",
        "Unsupported Operation",
        "Operation com.sun.org.apache.xerces.internal.impl.io.MalformedByteSequenceException: Invalid byte 1 of \
         1-byte UTF-8 sequence is not supported.",
    )
}

/// 600: the request id was used before. Detail assumed.
pub(crate) fn duplicate_request_id() -> FaultError {
    FaultError::new(
        "600",
        "Duplicate Request ID",
        "RequestId already exists in the system, duplicate request is detected",
    )
}

/// 2130: the request id is too long. Detail assumed.
pub(crate) fn request_id_format(supplied: &str) -> FaultError {
    FaultError::new(
        "2130",
        "Invalid Request Id Format",
        format!("Invalid Request Id. Supplied value:{supplied}"),
    )
}

/// 610: an account or name in use is inactive, or an object asked for does not exist.
pub(crate) fn made_inactive() -> FaultError {
    FaultError::new(
        "610",
        "Object Not Found",
        "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, \
         customers, items, vendors or employees.",
    )
}

/// 610: the transaction to change is gone.
pub(crate) fn transaction_deleted() -> FaultError {
    FaultError::new(
        "610",
        "Object Not Found",
        "Object Not Found : Another user has deleted this transaction.",
    )
}

/// 1040: a batch of more than thirty items. Detail assumed.
pub(crate) fn batch_too_big() -> FaultError {
    FaultError::new(
        "1040",
        "Batch size exceeds allowed limit",
        "The batch limit size is 30",
    )
}

/// 2010: a property the object does not have; the text is the JSON reader's own.
pub(crate) fn unknown_property(property: &str, class: &str, known: &[&str]) -> FaultError {
    FaultError::new(
        "2010",
        "Request has invalid or unsupported property",
        format!(
            "Property Name:Unrecognized field \"{property}\" (class com.intuit.schema.finance.v3.{class}), not marked \
             as ignorable ({} known properties: \"{}\"]) specified is unsupported or invalid",
            known.len(),
            known.join("\", \"")
        ),
    )
}

/// 2010: a body that is not JSON at all, or not an object. Assumed.
pub(crate) fn unreadable_body(reason: &str) -> FaultError {
    FaultError::new(
        "2010",
        "Request has invalid or unsupported property",
        format!("Property Name:{reason} specified is unsupported or invalid"),
    )
}

/// 2020: a required value is missing.
pub(crate) fn required(element: &str) -> FaultError {
    FaultError::new(
        "2020",
        "Required param missing, need to supply the required value for the API",
        format!("Required parameter {element} is missing in the request"),
    )
    .at(element)
}

/// 2030: an id that is not a number.
pub(crate) fn invalid_id(supplied: &str) -> FaultError {
    FaultError::new(
        "2030",
        "Invalid ID",
        format!("Id should be a valid number. Supplied value:{supplied}"),
    )
    .at("Id")
}

/// 2040: a text with characters it may not have. Detail assumed.
pub(crate) fn invalid_string(element: &str, supplied: &str) -> FaultError {
    FaultError::new(
        "2040",
        "Invalid String",
        format!("Invalid String. Supplied value:{supplied}"),
    )
    .at(element)
}

/// 2050: a text of the wrong length.
pub(crate) fn string_length(element: &str, max: usize, supplied: usize) -> FaultError {
    FaultError::new(
        "2050",
        "String length is either shorter or longer than supported by specification",
        format!(
            "String length specified does not match the supported length. Min:0 Max:{} supported. Supplied length:{}",
            grouped(max),
            grouped(supplied)
        ),
    )
    .at(element)
}

/// `4000` as `4,000`, the way the service writes lengths.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 2060: not a date. Code and texts assumed.
pub(crate) fn invalid_date(element: &str, supplied: &str) -> FaultError {
    FaultError::new(
        "2060",
        "Invalid Date",
        format!("Invalid Date format. Supplied value:{supplied}"),
    )
    .at(element)
}

/// 2110: not a decimal, or of more digits than the service holds. Code and texts assumed.
pub(crate) fn invalid_decimal(element: &str, supplied: &str) -> FaultError {
    FaultError::new(
        "2110",
        "Invalid Decimal",
        format!("Invalid Decimal. Supplied value:{supplied}"),
    )
    .at(element)
}

/// 2170: a value outside its enumeration.
pub(crate) fn invalid_enumeration(element: &str, supplied: &str) -> FaultError {
    FaultError::new(
        "2170",
        "Invalid Enumeration",
        format!("Invalid Enumeration : {supplied}"),
    )
    .at(element)
}

/// 2220: a currency the company does not use. Detail assumed.
pub(crate) fn invalid_currency(supplied: &str) -> FaultError {
    FaultError::new(
        "2220",
        "Invalid Currency Type",
        format!("Invalid Currency Type : {supplied}"),
    )
    .at("CurrencyRef")
}

/// 2250: no lines at all. Texts assumed.
pub(crate) fn lines_missing() -> FaultError {
    FaultError::new(
        "2250",
        "Missing Lines",
        "At least one line is required for this operation",
    )
    .at("Line")
}

/// 2260: a line without a posting type. Texts assumed.
pub(crate) fn posting_type_missing() -> FaultError {
    FaultError::new(
        "2260",
        "Missing Posting Type",
        "Posting type is missing for one of the lines",
    )
    .at("PostingType")
}

/// 2290: an amount below zero. Texts assumed.
pub(crate) fn negative_amount(supplied: &str) -> FaultError {
    FaultError::new(
        "2290",
        "Negative Amount",
        format!("Amount can not be negative. Supplied value:{supplied}"),
    )
    .at("Amount")
}

/// 2300: the sides differ. Message documented, detail assumed.
pub(crate) fn unbalanced() -> FaultError {
    FaultError::new(
        "2300",
        "Amount on debits not equal to credits",
        "Please balance your debits and credits.",
    )
}

/// 2500: a reference to something that is not there. `list` is `Accounts`, `Klasses`, `Depts` or `Names`.
pub(crate) fn invalid_reference(list: &str, id: &str) -> FaultError {
    FaultError::new(
        "2500",
        "Invalid Reference Id",
        format!("Invalid Reference Id : {list} element id {id} not found"),
    )
}

/// 4000: a statement the parser does not understand.
pub(crate) fn query_parse(detail: String) -> FaultError {
    FaultError::new(
        "4000",
        "Error parsing query",
        format!("QueryParserError: {detail}"),
    )
}

/// 4001: a statement that parses and asks for what is not there.
pub(crate) fn query_invalid(detail: String) -> FaultError {
    FaultError::new(
        "4001",
        "Invalid query",
        format!("QueryValidationError: {detail}"),
    )
}

/// 4001: change data capture does not remember so far back. Code and texts assumed.
pub(crate) fn changed_since_too_early(supplied: &str) -> FaultError {
    query_invalid(format!("changedSince {supplied} is more than 30 days ago"))
}

/// 5020: the subscription or the user's role lacks this. Detail assumed.
pub(crate) fn permission_denied() -> FaultError {
    FaultError::new(
        "5020",
        "Permission Denied Error",
        "Permission Denied Error : You do not have permission to access this feature",
    )
}

/// 5030: the company cannot use this in a transaction. Detail assumed.
pub(crate) fn feature_not_supported(element: &str) -> FaultError {
    FaultError::new(
        "5030",
        "Feature Not Supported Error",
        format!("Feature Not Supported Error : {element} is not supported by this subscription"),
    )
    .at(element)
}

/// 5010: the sync token is not the current one.
pub(crate) fn stale() -> FaultError {
    FaultError::new(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and Simulated User were working on this at the same time. Simulated User finished \
         before you did, so your work was not saved.",
    )
}

/// 6000: fewer than two lines that post.
pub(crate) fn one_line() -> FaultError {
    FaultError::new(
        "6000",
        BUSINESS,
        "Business Validation Error: Fill out at least two detail lines to continue.",
    )
}

/// 6000: a receivable line without its customer.
pub(crate) fn customer_missing() -> FaultError {
    FaultError::new(
        "6000",
        BUSINESS,
        "Business Validation Error: When you use Accounts Receivable, you must choose a customer in the Name field.",
    )
}

/// 6000: a payable line without its vendor.
pub(crate) fn vendor_missing() -> FaultError {
    FaultError::new(
        "6000",
        BUSINESS,
        "Business Validation Error: When You Use Accounts Payable, You Must Choose a Vendor in the Name Field",
    )
}

/// 6000: the famous one, after which the change may or may not have been saved.
pub(crate) fn wait_a_few_minutes() -> FaultError {
    FaultError::new(
        "6000",
        BUSINESS,
        "Business Validation Error: An unexpected error occurred while accessing or saving your data. Please wait a \
         few minutes and try again. If the problem persists, contact customer support.",
    )
}

/// 6010: an account without type and subtype. Message from Intuit's older list.
pub(crate) fn account_type_missing() -> FaultError {
    FaultError::new(
        "6010",
        "Invalid Account.AccountType && Account.SubType",
        "Either an Account.AccountType or an Account.AccountSubType must be specified",
    )
}

/// 6000: an account below the fifth level. Detail assumed.
pub(crate) fn too_deep() -> FaultError {
    FaultError::new(
        "6000",
        BUSINESS,
        "Business Validation Error: You can have up to 5 levels of subaccounts.",
    )
}

/// 6140: the company warns about duplicate numbers and this one is taken.
pub(crate) fn duplicate_doc_number(number: &str, holder: u64) -> FaultError {
    FaultError::new(
        "6140",
        "Duplicate Document Number Error",
        format!(
            "Duplicate Document Number Error : You must specify a different number. This number has already been \
             used. DocNumber={number} is assigned to TxnType=Journal Entry with TxnId={holder}"
        ),
    )
}

/// 6200: the books are closed up to a later day, without a password. Detail assumed.
pub(crate) fn period_closed() -> FaultError {
    FaultError::new(
        "6200",
        "Account Period Closed Error",
        "Account Period Closed Error : The account period has closed and the account books cannot be updated.",
    )
}

/// 6210: the books are closed with a password.
pub(crate) fn period_closed_with_password() -> FaultError {
    FaultError::new(
        "6210",
        "Account Period Closed, Cannot Update Through Services API",
        "The account period has closed and the account books cannot be updated through through the QBO Services API. \
         Please use the QBO website to make these changes.",
    )
}

/// 6240: an account of that name exists.
pub(crate) fn duplicate_name() -> FaultError {
    FaultError::new(
        "6240",
        "Duplicate Name Exists Error",
        "The name supplied already exists. : null",
    )
}

/// A fault that is only planned, by its code. Messages are Intuit's where its list of codes has them; details are assumed.
pub(crate) fn planned(code: u32) -> FaultError {
    match code {
        140 => FaultError::new("140", "Company Locked Out", "The company is locked out."),
        2010 => unknown_property("Bogus", "JournalEntry", &["Line", "TxnDate"]),
        2220 => invalid_currency("CAD"),
        5020 => permission_denied(),
        5030 => feature_not_supported("DepartmentRef"),
        6200 => period_closed(),
        6210 => period_closed_with_password(),
        6430 => FaultError::new(
            "6430",
            "Invalid account type used",
            "Invalid account type used : You cannot use this account type in this transaction.",
        ),
        6480 => FaultError::new(
            "6480",
            "Matched transaction",
            "Matched transaction : This transaction was matched to a downloaded transaction and cannot be changed.",
        ),
        10200 => FaultError::new(
            "10200",
            "Company was reset",
            "The company's data was reset.",
        ),
        // A code without a number of its own in this list is answered as the service's general failure.
        _ => FaultError::new(
            "10000",
            "System failure",
            "An application error has occurred while processing your request : System Failure Error",
        ),
    }
}
