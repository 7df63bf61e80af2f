//! The retailer's chart of accounts and the mapping it wants.

/// An account of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub number: &'static str,
    /// Its name.
    pub name: &'static str,
    /// QuickBooks' `AccountType`.
    pub account_type: &'static str,
    /// QuickBooks' `AccountSubType`.
    pub account_sub_type: &'static str,
}

/// A wish: this account plays this role, for one key or by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingRow {
    /// The slot's name on the wire.
    pub slot: &'static str,
    /// The key; without it the row is the slot's default.
    pub key: Option<&'static str>,
    /// The number of the account.
    pub account: &'static str,
}

const fn account(
    number: &'static str,
    name: &'static str,
    account_type: &'static str,
    account_sub_type: &'static str,
) -> Account {
    Account {
        number,
        name,
        account_type,
        account_sub_type,
    }
}

const fn row(slot: &'static str, key: Option<&'static str>, account: &'static str) -> MappingRow {
    MappingRow { slot, key, account }
}

/// Every account of the retailer. The two that may not be mapped are there too, as in every company.
pub fn chart() -> &'static [Account] {
    const ASSET: &str = "Other Current Asset";
    const LIABILITY: &str = "Other Current Liability";
    const COST: &str = "Cost of Goods Sold";
    const CHART: &[Account] = &[
        account("1010", "Cash in Drawer", "Bank", "CashOnHand"),
        account(
            "1100",
            "Accounts Receivable",
            "Accounts Receivable",
            "AccountsReceivable",
        ),
        account(
            "1200",
            "Credit Card Receivable",
            ASSET,
            "OtherCurrentAssets",
        ),
        account("1215", "PayPal Clearing", ASSET, "OtherCurrentAssets"),
        account("1220", "House Accounts", ASSET, "OtherCurrentAssets"),
        account("1300", "Inventory Apparel", ASSET, "Inventory"),
        account("1305", "Inventory Footwear", ASSET, "Inventory"),
        account("1310", "Inventory in Transit", ASSET, "Inventory"),
        account(
            "2000",
            "Accounts Payable",
            "Accounts Payable",
            "AccountsPayable",
        ),
        account(
            "2100",
            "Accrued Receipts Payable",
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        account(
            "2110",
            "Accrued Returns Payable",
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        account(
            "2200",
            "Gift Cards Outstanding",
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        account(
            "2300",
            "Customer Deposit Liability",
            LIABILITY,
            "OtherCurrentLiabilities",
        ),
        account("2400", "Sales Tax Payable", LIABILITY, "SalesTaxPayable"),
        account(
            "3900",
            "Opening Balance Equity",
            "Equity",
            "OpeningBalanceEquity",
        ),
        account("4000", "Sales Apparel", "Income", "SalesOfProductIncome"),
        account("4010", "Sales Footwear", "Income", "SalesOfProductIncome"),
        account("4020", "Alterations", "Income", "ServiceFeeIncome"),
        account("4100", "Shipping Income", "Income", "OtherPrimaryIncome"),
        account("5000", "COGS Apparel", COST, "SuppliesMaterialsCogs"),
        account("5010", "COGS Footwear", COST, "SuppliesMaterialsCogs"),
        account("5900", "Inventory Shrink", COST, "SuppliesMaterialsCogs"),
        account(
            "5910",
            "Damages",
            "Expense",
            "OtherMiscellaneousServiceCost",
        ),
        account(
            "6100",
            "Postage and Supplies",
            "Expense",
            "SuppliesMaterials",
        ),
        account(
            "6110",
            "Promotional Gift Cards",
            "Expense",
            "AdvertisingPromotional",
        ),
        account(
            "6190",
            "Cash Over and Short",
            "Expense",
            "OtherMiscellaneousServiceCost",
        ),
    ];
    CHART
}

/// Every mapping the week needs but [`paypal_mapping`].
pub fn mapping() -> &'static [MappingRow] {
    const MAPPING: &[MappingRow] = &[
        row("payment", Some("cash"), "1010"),
        row("payment", Some("check"), "1010"),
        row("payment", Some("card"), "1200"),
        row("payment", Some("gift_card"), "2200"),
        row("payment", Some("house"), "1220"),
        row("deposit", None, "2300"),
        row("revenue", Some("apparel"), "4000"),
        row("revenue", Some("footwear"), "4010"),
        row("revenue", Some("alterations"), "4020"),
        row("cost_of_goods_sold", Some("apparel"), "5000"),
        row("cost_of_goods_sold", Some("footwear"), "5010"),
        row("inventory_on_hand", Some("apparel"), "1300"),
        row("inventory_on_hand", Some("footwear"), "1305"),
        row("purchases_received", None, "2100"),
        row("purchases_returned", None, "2110"),
        row("inventory_in_transit", None, "1310"),
        row("inventory_adjustment", Some("damaged"), "5910"),
        row("inventory_adjustment", Some("physical_count"), "5900"),
        row("gift_card_adjustment", Some("goodwill"), "6110"),
        row("cash_paid", Some("postage"), "6100"),
        row("gift_card_liability", None, "2200"),
        row("sales_tax", None, "2400"),
        row("shipping_income", None, "4100"),
        row("rounding", None, "6190"),
    ];
    MAPPING
}

/// The row that cures the ticket paid with `paypal`.
pub fn paypal_mapping() -> MappingRow {
    row("payment", Some("paypal"), "1215")
}
