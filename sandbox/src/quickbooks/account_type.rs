//! Account types, the classification each belongs to, and its default subtype.

/// One row of the service's account type table.
#[derive(Debug)]
pub(crate) struct AccountType {
    pub(crate) name: &'static str,
    pub(crate) classification: &'static str,
    pub(crate) default_sub_type: &'static str,
}

const fn row(
    name: &'static str,
    classification: &'static str,
    default_sub_type: &'static str,
) -> AccountType {
    AccountType {
        name,
        classification,
        default_sub_type,
    }
}

/// The fifteen types a company's chart knows.
static TYPES: [AccountType; 15] = [
    row("Bank", "Asset", "CashOnHand"),
    row("Accounts Receivable", "Asset", "AccountsReceivable"),
    row("Other Current Asset", "Asset", "EmployeeCashAdvances"),
    row("Fixed Asset", "Asset", "FurnitureAndFixtures"),
    row("Other Asset", "Asset", "Licenses"),
    row("Accounts Payable", "Liability", "AccountsPayable"),
    row("Credit Card", "Liability", "CreditCard"),
    row(
        "Other Current Liability",
        "Liability",
        "OtherCurrentLiabilities",
    ),
    row("Long Term Liability", "Liability", "NotesPayable"),
    row("Equity", "Equity", "OpeningBalanceEquity"),
    row("Income", "Revenue", "OtherPrimaryIncome"),
    row("Other Income", "Revenue", "OtherInvestmentIncome"),
    row("Expense", "Expense", "Travel"),
    row("Other Expense", "Expense", "Depreciation"),
    row("Cost of Goods Sold", "Expense", "CostOfLaborCos"),
];

/// The type of this name, if there is one.
pub(crate) fn find(name: &str) -> Option<&'static AccountType> {
    TYPES.iter().find(|account_type| account_type.name == name)
}
