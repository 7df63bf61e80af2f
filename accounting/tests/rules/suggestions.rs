//! Suggestions: right for the charts we know, and silent rather than wrong for those made to mislead.

use std::collections::BTreeSet;

use accounting::suggestion::{ChartAccount, Confidence, Suggestion, suggest};
use accounting::{Currency, Event, Mapping, Missing, Slot};
use serde_json::Value;

const CASES: &str = include_str!("../cases/journal-entries.json");

fn account(number: &str, name: &str, account_type: &str, sub_type: &str) -> ChartAccount {
    ChartAccount {
        id: name.into(),
        number: (!number.is_empty()).then(|| number.to_owned()),
        name: name.to_owned(),
        account_type: account_type.to_owned(),
        sub_type: (!sub_type.is_empty()).then(|| sub_type.to_owned()),
        active: true,
    }
}

fn need(slot: Slot, key: &str) -> Missing {
    Missing {
        slot,
        key: (!key.is_empty()).then(|| key.to_owned()),
        location: None,
    }
}

fn golden() -> (Vec<ChartAccount>, Vec<Missing>, Mapping) {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let rows = |name: &str| cases[name].as_array().unwrap().clone();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut chart: Vec<_> = rows("accounts")
        .iter()
        .map(|row| ChartAccount {
            id: text(row, "number").into(),
            ..account(
                &text(row, "number"),
                &text(row, "name"),
                &text(row, "account_type"),
                &text(row, "account_sub_type"),
            )
        })
        .collect();
    // As in every company.
    chart.push(account(
        "1100",
        "Accounts Receivable",
        "Accounts Receivable",
        "AccountsReceivable",
    ));
    chart.push(account(
        "2000",
        "Accounts Payable",
        "Accounts Payable",
        "AccountsPayable",
    ));
    let mapping = rows("mapping")
        .iter()
        .map(|row| {
            let slot: Slot = row["slot"].as_str().unwrap().parse().unwrap();
            (
                slot,
                row["key"].as_str().map(str::to_owned),
                None::<String>,
                text(row, "account"),
            )
        })
        .collect();
    // What the worked events ask for, and every key that the golden mapping knows.
    let of_events = rows("cases").into_iter().flat_map(|case| {
        let event = Event::parse_in(case["event"].to_string().as_bytes(), Currency::USD).unwrap();
        event
            .needs()
            .into_iter()
            .map(Missing::from)
            .collect::<Vec<_>>()
    });
    let of_keys = rows("mapping").into_iter().filter_map(|row| {
        Some(need(
            row["slot"].as_str()?.parse().unwrap(),
            row["key"].as_str()?,
        ))
    });
    let needs: BTreeSet<Missing> = of_events.chain(of_keys).collect();
    (chart, needs.into_iter().collect(), mapping)
}

fn applied(suggestions: &[Suggestion], least: Confidence) -> Mapping {
    let mut mapping = Mapping::default();
    for suggestion in suggestions {
        if let Some(choice) = &suggestion.choice
            && choice.confidence >= least
        {
            mapping.set(
                suggestion.slot,
                suggestion.key.as_deref(),
                None,
                choice.account.clone(),
            );
        }
    }
    mapping
}

#[test]
fn the_golden_chart_is_mapped_as_the_golden_cases_are_with_nothing_left() {
    let (chart, needs, golden) = golden();
    let suggestions = suggest(&chart, &needs, &Mapping::default());
    let mapping = applied(&suggestions, Confidence::Medium);
    assert!(needs.len() >= 25, "{}", needs.len());
    for need in &needs {
        let resolve = |mapping: &Mapping| {
            mapping
                .resolve(need.slot, need.key.as_deref(), need.location.as_deref())
                .cloned()
        };
        assert_eq!(
            resolve(&mapping),
            resolve(&golden),
            "{need}\n{suggestions:#?}"
        );
    }
}

#[test]
fn the_golden_chart_is_completed_right_whichever_row_was_set_before() {
    let (chart, needs, golden) = golden();
    for first in &needs {
        let key = first.key.as_deref();
        let account = golden.resolve(first.slot, key, None).unwrap().clone();
        let mut present = Mapping::default();
        present.set(first.slot, key, None, account);
        let missing: Vec<_> = needs
            .iter()
            .filter(|need| {
                present
                    .resolve(need.slot, need.key.as_deref(), None)
                    .is_none()
            })
            .cloned()
            .collect();
        for suggestion in suggest(&chart, &missing, &present) {
            let Some(choice) = &suggestion.choice else {
                continue;
            };
            if choice.confidence < Confidence::Medium {
                continue;
            }
            for need in &suggestion.serves {
                let right = golden.resolve(need.slot, need.key.as_deref(), None);
                assert_eq!(
                    right,
                    Some(&choice.account),
                    "{need} after {first}: {suggestion:#?}"
                );
            }
        }
    }
}

/// The chart that QuickBooks gives to a new retailer, without numbers.
fn quickbooks_default() -> Vec<ChartAccount> {
    [
        ("Checking", "Bank", "Checking"),
        ("Cash on hand", "Bank", "CashOnHand"),
        (
            "Accounts Receivable (A/R)",
            "Accounts Receivable",
            "AccountsReceivable",
        ),
        ("Inventory Asset", "Other Current Asset", "Inventory"),
        (
            "Undeposited Funds",
            "Other Current Asset",
            "UndepositedFunds",
        ),
        ("Prepaid Expenses", "Other Current Asset", "PrepaidExpenses"),
        (
            "Uncategorized Asset",
            "Other Current Asset",
            "OtherCurrentAssets",
        ),
        (
            "Accounts Payable (A/P)",
            "Accounts Payable",
            "AccountsPayable",
        ),
        ("Company Credit Card", "Credit Card", "CreditCard"),
        (
            "Sales Tax Payable",
            "Other Current Liability",
            "SalesTaxPayable",
        ),
        (
            "Out Of Scope Agency Payable",
            "Other Current Liability",
            "SalesTaxPayable",
        ),
        ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
        ("Retained Earnings", "Equity", "RetainedEarnings"),
        ("Sales of Product Income", "Income", "SalesOfProductIncome"),
        ("Services", "Income", "ServiceFeeIncome"),
        ("Uncategorized Income", "Income", "ServiceFeeIncome"),
        ("Billable Expense Income", "Income", "SalesOfProductIncome"),
        ("Shipping Income", "Income", "SalesOfProductIncome"),
        ("Discounts given", "Income", "DiscountsRefundsGiven"),
        (
            "Cost of Goods Sold",
            "Cost of Goods Sold",
            "SuppliesMaterialsCogs",
        ),
        (
            "Inventory Shrinkage",
            "Cost of Goods Sold",
            "SuppliesMaterialsCogs",
        ),
        (
            "Shipping, Freight & Delivery - COS",
            "Cost of Goods Sold",
            "ShippingFreightDeliveryCos",
        ),
        (
            "Advertising & Marketing",
            "Expense",
            "AdvertisingPromotional",
        ),
        ("Bank Charges & Fees", "Expense", "BankCharges"),
        (
            "Office Supplies & Software",
            "Expense",
            "OfficeGeneralAdministrativeExpenses",
        ),
        (
            "Uncategorized Expense",
            "Expense",
            "OtherMiscellaneousServiceCost",
        ),
    ]
    .map(|(name, account_type, sub_type)| account("", name, account_type, sub_type))
    .into()
}

/// What is suggested with confidence, as `slot[key] = account`.
fn confident(chart: &[ChartAccount], needs: &[Missing]) -> BTreeSet<String> {
    suggest(chart, needs, &Mapping::default())
        .into_iter()
        .filter_map(|suggestion| {
            let choice = suggestion
                .choice
                .filter(|choice| choice.confidence >= Confidence::Medium)?;
            let key = suggestion
                .key
                .map(|key| format!("[{key}]"))
                .unwrap_or_default();
            Some(format!("{}{key} = {}", suggestion.slot, choice.account))
        })
        .collect()
}

#[test]
fn a_new_retailers_chart_gives_what_it_can_and_no_more() {
    let (_, needs, _) = golden();
    let found = confident(&quickbooks_default(), &needs);
    let expected = [
        "cost_of_goods_sold = Cost of Goods Sold",
        "inventory_adjustment[initial_import] = Opening Balance Equity",
        "inventory_adjustment[physical_count] = Inventory Shrinkage",
        "inventory_adjustment[shrink] = Inventory Shrinkage",
        "inventory_on_hand = Inventory Asset",
        "payment[cash] = Cash on hand",
        "payment[check] = Undeposited Funds",
        "revenue = Sales of Product Income",
        "sales_tax = Sales Tax Payable",
        "shipping_income = Shipping Income",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

#[test]
fn what_the_chart_lacks_is_created_with_a_name_a_type_and_a_free_number() {
    let (mut chart, _, _) = golden();
    chart.push(account("1230", "Petty Cash", "Bank", "CashOnHand"));
    let needs = [
        need(Slot::Payment, "paypal"),
        need(Slot::Payment, "gift_of_stars"),
        need(Slot::Revenue, "hats"),
    ];
    let created: Vec<_> = suggest(&chart, &needs, &Mapping::default())
        .into_iter()
        .filter_map(|suggestion| {
            let create = suggestion.create?;
            let slot = suggestion.slot;
            assert_eq!(slot.check(create.account_type), Ok(None), "{create:?}");
            assert!(!chart.iter().any(|account| account.number == create.number));
            Some((create.name, create.number.unwrap_or_default()))
        })
        .collect();
    assert!(
        created.contains(&("Paypal Clearing".to_owned(), "1320".to_owned())),
        "{created:?}"
    );
    assert!(
        created.contains(&("Sales Hats".to_owned(), "4110".to_owned())),
        "{created:?}"
    );
    // Without numbers in the chart the new account has none, and a name that is taken is not taken twice.
    let mut chart = quickbooks_default();
    chart.push(ChartAccount {
        active: false,
        ..account("", "PayPal Clearing", "Other Current Asset", "")
    });
    let created = suggest(&chart, &needs[..1], &Mapping::default())[0]
        .create
        .clone()
        .unwrap();
    assert_eq!(
        (created.name.as_str(), created.number),
        ("Paypal Clearing 2", None)
    );
}

/// Sub-types that QuickBooks knows of each type, of those that are created here.
const SUB_TYPES: [(&str, &[&str]); 8] = [
    ("Bank", &["CashOnHand"]),
    ("Other Current Asset", &["OtherCurrentAssets", "Inventory"]),
    ("Other Current Liability", &["OtherCurrentLiabilities"]),
    ("Equity", &["OpeningBalanceEquity", "OwnersEquity"]),
    ("Income", &["SalesOfProductIncome", "OtherPrimaryIncome"]),
    ("Other Income", &["OtherMiscellaneousIncome"]),
    ("Cost of Goods Sold", &["SuppliesMaterialsCogs"]),
    (
        "Expense",
        &["AdvertisingPromotional", "OtherMiscellaneousServiceCost"],
    ),
];

#[rustfmt::skip]
/// Keys of every kind: whatever slot they stand in, what is created for them must be usual there.
const KEYS: [&str; 28] = [
    "", "cash", "card", "paypal", "gift_card", "store_credit", "house", "check", "deposit", "apparel",
    "damaged", "shrink", "initial_import", "physical_count", "goodwill", "expired", "postage", "bank_deposit",
    "safe drop", "tips", "owner draw", "ma", "ground", "loyalty", "opening balance", "drawer float", "dormant",
    "inventory credit",
];

#[test]
fn what_is_created_for_a_slot_is_of_a_type_that_is_usual_there_and_says_why() {
    for slot in Slot::ALL {
        for key in KEYS {
            if !key.is_empty() && slot.key().is_none() {
                continue;
            }
            // A company that has nothing yet.
            let suggested = suggest(&[], &[need(slot, key)], &Mapping::default()).remove(0);
            let create = suggested.create.unwrap_or_else(|| panic!("{slot}[{key}]"));
            let told = format!("{slot}[{key}]: {create:?}");
            assert_eq!(slot.check(create.account_type), Ok(None), "{told}");
            let known = SUB_TYPES
                .iter()
                .find(|(kind, _)| *kind == create.account_type);
            assert!(
                known.is_some_and(|(_, known)| known.contains(&create.sub_type)),
                "{told}"
            );
            assert!(
                create.reason.contains(&create.name) && create.reason.contains(create.account_type),
                "{told}"
            );
            assert!(create.confidence < Confidence::High, "{told}");
        }
    }
}

#[test]
fn what_is_created_is_of_the_type_that_the_key_calls_for() {
    for (slot, key, account_type, confidence) in [
        (Slot::Payment, "store_credit", LIABILITY, Confidence::Medium),
        (Slot::Payment, "gift_card", LIABILITY, Confidence::Medium),
        (Slot::Payment, "cash", "Bank", Confidence::Medium),
        (Slot::Payment, "paypal", ASSET, Confidence::Medium),
        (
            Slot::InventoryAdjustment,
            "initial_import",
            "Equity",
            Confidence::Medium,
        ),
        (
            Slot::InventoryAdjustment,
            "damaged",
            "Cost of Goods Sold",
            Confidence::Medium,
        ),
        (
            Slot::GiftCardAdjustment,
            "expired",
            "Other Income",
            Confidence::Medium,
        ),
        (
            Slot::GiftCardAdjustment,
            "goodwill",
            "Expense",
            Confidence::Medium,
        ),
        (Slot::CashPaid, "bank_deposit", ASSET, Confidence::Medium),
        (Slot::CashPaid, "tips", LIABILITY, Confidence::Medium),
        (Slot::CashPaid, "owner draw", "Equity", Confidence::Medium),
        (Slot::CashPaid, "postage", "Expense", Confidence::Low),
    ] {
        let suggested = suggest(&[], &[need(slot, key)], &Mapping::default()).remove(0);
        let create = suggested.create.unwrap();
        assert_eq!(
            (create.account_type, create.confidence),
            (account_type, confidence),
            "{slot}[{key}]: {create:?}"
        );
    }
    // One account that may be meant: to create another is less sure, and says so.
    let chart = [account(
        "",
        "Sales Promotion",
        "Expense",
        "AdvertisingPromotional",
    )];
    let suggested = suggest(
        &chart,
        &[need(Slot::GiftCardAdjustment, "goodwill")],
        &Mapping::default(),
    )
    .remove(0);
    let create = suggested.create.unwrap();
    assert_eq!(create.confidence, Confidence::Low);
    assert!(
        create
            .reason
            .starts_with("no account of the chart surely plays this role"),
        "{create:?}"
    );
}

#[test]
fn two_roles_that_one_account_plays_ask_for_one_account() {
    let needs = [
        need(Slot::Payment, "gift_card"),
        need(Slot::GiftCardLiability, ""),
    ];
    let created: Vec<_> = suggest(&[], &needs, &Mapping::default())
        .into_iter()
        .map(|suggestion| suggestion.create.unwrap().name)
        .collect();
    assert_eq!(
        created,
        ["Gift Cards Outstanding", "Gift Cards Outstanding"]
    );
}

const ASSET: &str = "Other Current Asset";
const LIABILITY: &str = "Other Current Liability";

/// Charts made to mislead: none may give a confident suggestion for the need.
#[test]
fn better_no_suggestion_than_a_wrong_one() {
    let misleading: &[(&str, Missing, Vec<ChartAccount>)] = &[
        (
            "a receivable that is called payments",
            need(Slot::Payment, "card"),
            vec![account(
                "",
                "Credit Card Payments",
                "Accounts Receivable",
                "AccountsReceivable",
            )],
        ),
        (
            "the company's own credit card",
            need(Slot::Payment, "card"),
            vec![
                account("", "Visa Credit Card", "Credit Card", "CreditCard"),
                account("", "Credit Card Payable", LIABILITY, ""),
                account("", "Company Credit Card", ASSET, ""),
            ],
        ),
        (
            "fees and gift cards are no card receivable",
            need(Slot::Payment, "card"),
            vec![
                account("", "Credit Card Fees", ASSET, ""),
                account("", "Gift Card Clearing", ASSET, ""),
            ],
        ),
        (
            "two of them",
            need(Slot::Payment, "card"),
            vec![
                account("1200", "Credit Card Receivable", ASSET, ""),
                account("1210", "Credit Card Clearing", ASSET, ""),
            ],
        ),
        (
            "the best one is inactive",
            need(Slot::Deposit, "cash"),
            vec![ChartAccount {
                active: false,
                ..account("2300", "Customer Deposits", LIABILITY, "")
            }],
        ),
        (
            "a deposit that we paid",
            need(Slot::Deposit, "cash"),
            vec![
                account("", "Security Deposits", LIABILITY, ""),
                account(
                    "",
                    "Direct Deposit Payable",
                    LIABILITY,
                    "DirectDepositPayable",
                ),
                account("", "Customer Deposits", ASSET, ""),
            ],
        ),
        (
            "a bank account for checks",
            need(Slot::Payment, "check"),
            vec![account("", "Business Checking", "Bank", "Checking")],
        ),
        (
            "petty cash is not the till",
            need(Slot::Payment, "cash"),
            vec![
                account("", "Petty Cash", "Bank", "CashOnHand"),
                account("", "Cash", "Bank", "Checking"),
            ],
        ),
        (
            "a drawer in each shop",
            need(Slot::Payment, "cash"),
            vec![
                account("", "Cash Drawer Boston", "Bank", "CashOnHand"),
                account("", "Cash Drawer Salem", "Bank", "CashOnHand"),
            ],
        ),
        (
            "the drawer of one shop",
            need(Slot::Payment, "cash"),
            vec![account("", "Cash Drawer Boston", "Bank", "CashOnHand")],
        ),
        (
            "the tax of another state",
            need(Slot::SalesTax, "ma"),
            vec![account(
                "",
                "NY Sales Tax Payable",
                LIABILITY,
                "SalesTaxPayable",
            )],
        ),
        (
            "payroll tax",
            need(Slot::SalesTax, ""),
            vec![account(
                "",
                "Payroll Tax Payable",
                LIABILITY,
                "PayrollTaxPayable",
            )],
        ),
        (
            "sales of another class",
            need(Slot::Revenue, "hats"),
            vec![account(
                "4000",
                "Sales Apparel",
                "Income",
                "SalesOfProductIncome",
            )],
        ),
        (
            "two accounts for all sales",
            need(Slot::Revenue, "hats"),
            vec![
                account("", "Sales", "Income", "SalesOfProductIncome"),
                account(
                    "",
                    "Sales of Product Income",
                    "Income",
                    "SalesOfProductIncome",
                ),
            ],
        ),
        (
            "income that is no sale",
            need(Slot::Revenue, ""),
            vec![
                account("", "Interest Income", "Income", ""),
                account("", "Sales Discounts", "Income", ""),
                account("", "Sales Returns and Allowances", "Income", ""),
            ],
        ),
        (
            "stock that is not on hand",
            need(Slot::InventoryOnHand, ""),
            vec![
                account("", "Inventory in Transit", ASSET, "Inventory"),
                account("", "Inventory Reserve", ASSET, "Inventory"),
            ],
        ),
        (
            "cash in transit",
            need(Slot::InventoryInTransit, ""),
            vec![account("", "Deposits in Transit", ASSET, "")],
        ),
        (
            "costs that are no goods",
            need(Slot::CostOfGoodsSold, "hats"),
            vec![
                account("", "Freight In", "Cost of Goods Sold", ""),
                account("", "Cost of Labor", "Cost of Goods Sold", ""),
                account("", "Inventory Shrinkage", "Cost of Goods Sold", ""),
            ],
        ),
        (
            "what customers returned",
            need(Slot::PurchasesReturned, ""),
            vec![account("", "Accrued Sales Returns", LIABILITY, "")],
        ),
        (
            "goodwill that was bought",
            need(Slot::GiftCardAdjustment, "goodwill"),
            vec![account("", "Goodwill", "Other Asset", "Goodwill")],
        ),
        (
            "shipping that we pay",
            need(Slot::ShippingIncome, "ground"),
            vec![account("", "Shipping and Delivery", "Expense", "")],
        ),
        (
            "a payable called by the key",
            need(Slot::CashPaid, "postage"),
            vec![account(
                "",
                "Postage",
                "Accounts Payable",
                "AccountsPayable",
            )],
        ),
    ];
    for (what, need, chart) in misleading {
        let found = confident(chart, std::slice::from_ref(need));
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

#[test]
fn nothing_is_ever_suggested_that_may_not_be_mapped() {
    let (chart, needs, _) = golden();
    let mut hostile = chart.clone();
    for account in &mut hostile {
        account.account_type = "Accounts Payable".to_owned();
    }
    for suggestion in suggest(&hostile, &needs, &Mapping::default()) {
        assert_eq!(suggestion.choice, None);
        assert!(suggestion.create.is_some());
    }
}

#[test]
fn a_reason_names_the_account_and_what_it_was_chosen_by() {
    let (chart, needs, _) = golden();
    for suggestion in suggest(&chart, &needs, &Mapping::default()) {
        let choice = suggestion.choice.unwrap();
        let account = chart
            .iter()
            .find(|account| account.id == choice.account)
            .unwrap();
        assert!(choice.reason.contains(&account.name), "{}", choice.reason);
        assert!(
            choice.reason.len() > account.name.len() + 20,
            "{}",
            choice.reason
        );
    }
}
