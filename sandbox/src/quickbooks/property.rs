//! Reading a sent object: which properties exist, and what each says.

use serde_json::{Map, Value};

use super::fault::{Fault, FaultError, catalogue};

/// A kind of object with the properties it knows and the objects that stand inside it.
#[derive(Debug)]
pub(crate) struct Shape {
    class: &'static str,
    known: &'static [&'static str],
    inside: &'static [(&'static str, &'static Shape)],
}

static REFERENCE: Shape = Shape {
    class: "ReferenceType",
    known: &["value", "name", "type"],
    inside: &[],
};

static ENTITY: Shape = Shape {
    class: "EntityTypeRef",
    known: &["Type", "EntityRef"],
    inside: &[("EntityRef", &REFERENCE)],
};

static DETAIL: Shape = Shape {
    class: "JournalEntryLineDetail",
    known: &[
        "PostingType",
        "Entity",
        "AccountRef",
        "ClassRef",
        "DepartmentRef",
        "TaxCodeRef",
        "TaxRateRef",
        "TaxApplicableOn",
        "TaxAmount",
        "TaxInclusiveAmt",
        "BillableStatus",
        "JournalCodeRef",
        "JournalEntryLineDetailEx",
    ],
    inside: &[
        ("Entity", &ENTITY),
        ("AccountRef", &REFERENCE),
        ("ClassRef", &REFERENCE),
        ("DepartmentRef", &REFERENCE),
    ],
};

static LINE: Shape = Shape {
    class: "Line",
    known: &[
        "Id",
        "LineNum",
        "Description",
        "Amount",
        "DetailType",
        "JournalEntryLineDetail",
        "DescriptionLineDetail",
        "LinkedTxn",
        "ProjectRef",
        "CustomField",
        "CustomExtensions",
        "LineEx",
    ],
    inside: &[("JournalEntryLineDetail", &DETAIL)],
};

/// A journal entry.
pub(crate) static JOURNAL_ENTRY: Shape = Shape {
    class: "JournalEntry",
    known: &[
        "Id",
        "SyncToken",
        "MetaData",
        "domain",
        "sparse",
        "status",
        "DocNumber",
        "TxnDate",
        "PrivateNote",
        "Line",
        "CurrencyRef",
        "ExchangeRate",
        "Adjustment",
        "HomeCurrencyAdjustment",
        "EnteredInHomeCurrency",
        "GlobalTaxCalculation",
        "TxnTaxDetail",
        "TotalAmt",
        "HomeTotalAmt",
        "LinkedTxn",
        "CustomField",
        "DepartmentRef",
        "TxnStatus",
        "TxnSource",
        "TaxRateRef",
        "RecurDataRef",
        "AttachableRef",
        "JournalEntryEx",
        "TransactionLocationType",
        "Tag",
    ],
    inside: &[("Line", &LINE), ("CurrencyRef", &REFERENCE)],
};

/// An account.
pub(crate) static ACCOUNT: Shape = Shape {
    class: "Account",
    known: &[
        "Id",
        "SyncToken",
        "MetaData",
        "domain",
        "sparse",
        "status",
        "Name",
        "SubAccount",
        "ParentRef",
        "Description",
        "FullyQualifiedName",
        "AccountAlias",
        "TxnLocationType",
        "Active",
        "Classification",
        "AccountType",
        "AccountSubType",
        "AcctNum",
        "AcctNumExtn",
        "BankNum",
        "OpeningBalance",
        "OpeningBalanceDate",
        "CurrentBalance",
        "CurrentBalanceWithSubAccounts",
        "CurrencyRef",
        "TaxAccount",
        "TaxCodeRef",
        "OnlineBankingEnabled",
        "FIName",
        "JournalCodeRef",
        "AccountEx",
    ],
    inside: &[("ParentRef", &REFERENCE), ("CurrencyRef", &REFERENCE)],
};

/// Refuses what the service's reader would stop at: a property that does not exist, or a character
/// outside ISO-8859-1 where the books hold no other (that escaped characters count too is assumed).
pub(crate) fn check(
    sent: &Map<String, Value>,
    shape: &Shape,
    latin_1_only: bool,
) -> Result<(), Fault> {
    if latin_1_only && sent.values().any(has_wide_character) {
        return Err(catalogue::malformed_bytes().into());
    }
    known(sent, shape).map_err(Fault::from)
}

fn known(sent: &Map<String, Value>, shape: &Shape) -> Result<(), FaultError> {
    for (name, value) in sent {
        if !shape.known.contains(&name.as_str()) {
            return Err(catalogue::unknown_property(name, shape.class, shape.known));
        }
        if let Some((_, inner)) = shape.inside.iter().find(|(inside, _)| inside == name) {
            match value {
                Value::Object(object) => known(object, inner)?,
                Value::Array(items) => {
                    items
                        .iter()
                        .filter_map(Value::as_object)
                        .try_for_each(|object| known(object, inner))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn has_wide_character(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(|character| u32::from(character) > 0xFF),
        Value::Array(items) => items.iter().any(has_wide_character),
        Value::Object(object) => object.values().any(has_wide_character),
        _ => false,
    }
}

/// A text property. A number is taken for its text; null and the empty text are absent.
pub(crate) fn text(sent: &Map<String, Value>, name: &str) -> Option<String> {
    match sent.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The `value` of a reference property.
pub(crate) fn reference(sent: &Map<String, Value>, name: &str) -> Option<String> {
    text(sent.get(name)?.as_object()?, "value")
}

/// Adds error 2050 when `text` is longer than `max` characters.
pub(crate) fn at_most(text: Option<&str>, element: &str, max: usize, errors: &mut Vec<FaultError>) {
    let length = text.map_or(0, |text| text.chars().count());
    if length > max {
        errors.push(catalogue::string_length(element, max, length));
    }
}
