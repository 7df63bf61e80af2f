//! What has a reason, and what is collected beside the goods: adjustments, cash paid, tax, shipping, rounding.

use super::{
    ASSET, COST, EQUITY, EXPENSE, INCOME, LIABILITY, OTHER_EXPENSE, OTHER_INCOME, Rule, Search,
    sub_type,
};
use crate::suggestion::{Candidate, Confidence, Found};

impl Search<'_> {
    pub(super) fn adjustment(&self) -> Option<Found> {
        let key = self.key;
        let types: &[&str] = &[COST, EXPENSE, OTHER_EXPENSE];
        let stock: &[&str] = &[
            "inventory",
            "shrink",
            "count",
            "variance",
            "adjustment",
            "loss",
            "goods",
        ];
        if key.any(&["initial", "opening", "import", "beginning", "migration"]) {
            return self.apply(&Rule {
                sure: Confidence::High,
                types: &[EQUITY],
                fits: &|c| {
                    sub_type(c, "OpeningBalanceEquity") || c.words.all(&["opening", "balance"])
                },
                expected: &["opening", "equity"],
                names_key: false,
                says: "takes what was there before the books began",
            });
        }
        let damaged = key.any(&["damage", "waste", "unsaleable", "expired"]);
        let counted = key.any(&[
            "count", "shrink", "theft", "stolen", "lost", "missing", "loss", "variance",
        ]);
        self.first(&[
            Rule {
                sure: Confidence::High,
                types,
                fits: &|c| {
                    damaged
                        && c.words.any(&["damage", "waste", "unsaleable"])
                        && !c.words.has("card")
                },
                expected: &[
                    "damage",
                    "waste",
                    "inventory",
                    "goods",
                    "unsaleable",
                    "expired",
                    "loss",
                ],
                names_key: false,
                says: "is named for damaged goods",
            },
            Rule {
                sure: Confidence::High,
                types,
                fits: &|c| {
                    counted
                        && (c.words.has("shrink")
                            || c.words.has("inventory")
                                && c.words.any(&["count", "variance", "loss"]))
                },
                expected: stock,
                names_key: false,
                says: "is named for what is lost between counts",
            },
            Rule {
                sure: Confidence::High,
                types,
                fits: &|c| !damaged && !counted && c.words.name(key),
                expected: &["inventory", "goods", "adjustment", "expense"],
                names_key: true,
                says: "is named for this reason",
            },
            Rule {
                sure: Confidence::Medium,
                types,
                fits: &|c| c.words.all(&["inventory", "adjustment"]),
                expected: stock,
                names_key: false,
                says: "is for adjustments of every kind",
            },
        ])
    }

    pub(super) fn gift_card_adjustment(&self) -> Option<Found> {
        let key = self.key;
        let expenses: &[&str] = &[EXPENSE, OTHER_EXPENSE];
        if key.any(&["expired", "damage", "dormant", "escheat"]) {
            return self.apply(&Rule {
                sure: Confidence::High,
                types: &[INCOME, OTHER_INCOME],
                fits: &|c| c.words.has("gift"),
                expected: &["gift", "card", "damage", "expired"],
                names_key: false,
                says: "is named for gift cards that nobody will use",
            });
        }
        let given = key.any(&[
            "goodwill",
            "promotion",
            "courtesy",
            "marketing",
            "loyalty",
            "reward",
            "compensation",
            "appeasement",
            "apology",
        ]);
        self.first(&[
            Rule {
                sure: Confidence::High,
                types: expenses,
                fits: &|c| given && c.words.has("gift") && c.words.has("card"),
                expected: &[
                    "gift",
                    "card",
                    "promotion",
                    "goodwill",
                    "marketing",
                    "given",
                ],
                names_key: false,
                says: "is named for gift cards given away",
            },
            Rule {
                sure: Confidence::High,
                types: expenses,
                fits: &|c| c.words.name(key),
                expected: &["gift", "card", "customer"],
                names_key: true,
                says: "is named for this reason",
            },
            Rule {
                sure: Confidence::Low,
                types: expenses,
                fits: &|c| given && c.words.any(&["promotion", "advertising", "marketing"]),
                expected: &["promotion", "advertising", "marketing"],
                names_key: false,
                says: "is for promotion",
            },
        ])
    }

    pub(super) fn cash_paid(&self) -> Option<Found> {
        let key = self.key;
        self.first(&[
            Rule {
                sure: Confidence::High,
                types: &[EXPENSE, OTHER_EXPENSE],
                fits: &|c| c.words.name(key),
                expected: &["office", "store"],
                names_key: true,
                says: "is named for this reason",
            },
            Rule {
                sure: Confidence::Low,
                types: &[COST, ASSET, LIABILITY, EQUITY, OTHER_INCOME],
                fits: &|c| c.words.name(key),
                expected: &[],
                names_key: true,
                says: "is named for this reason",
            },
        ])
    }

    pub(super) fn sales_tax(&self) -> Option<Found> {
        const OTHERS: &[&str] = &[
            "payroll",
            "scope",
            "prepayment",
            "property",
            "withholding",
            "federal",
            "suspense",
        ];
        let key = self.key;
        let tax = |c: &Candidate<'_>| {
            !c.words.any(OTHERS)
                && (sub_type(c, "SalesTaxPayable")
                    || c.words.all(&["sale", "tax"])
                    || c.words.any(&["vat", "gst", "hst"]))
        };
        let expected: &[&str] = &["sale", "tax", "vat", "gst", "hst", "collected", "agency"];
        let named = self.apply(&Rule {
            sure: Confidence::High,
            types: &[LIABILITY],
            fits: &|c| c.words.name(key) && tax(c),
            expected,
            names_key: true,
            says: "is named for this jurisdiction",
        });
        named.or_else(|| self.as_others(expected)).or_else(|| {
            self.apply(&Rule {
                sure: Confidence::High,
                types: &[LIABILITY],
                fits: &tax,
                expected,
                names_key: false,
                says: "holds the sales tax that is owed",
            })
        })
    }

    pub(super) fn shipping(&self) -> Option<Found> {
        self.as_others(&[
            "shipping", "postage", "handling", "charge", "fee", "customer",
        ])
        .or_else(|| {
            self.apply(&Rule {
                sure: Confidence::High,
                types: &[INCOME, OTHER_INCOME],
                fits: &|c| c.words.any(&["shipping", "postage"]),
                expected: &[
                    "shipping",
                    "postage",
                    "handling",
                    "charge",
                    "fee",
                    "customer",
                    "sale",
                    "collected",
                ],
                names_key: false,
                says: "is named for shipping charged to customers",
            })
        })
    }

    pub(super) fn rounding(&self) -> Option<Found> {
        let types: &[&str] = &[EXPENSE, OTHER_EXPENSE, COST, INCOME, OTHER_INCOME];
        self.first(&[
            Rule {
                sure: Confidence::High,
                types,
                fits: &|c| c.words.has("rounding"),
                expected: &["rounding", "difference", "gain", "loss"],
                names_key: false,
                says: "is named for rounding",
            },
            Rule {
                sure: Confidence::Medium,
                types,
                fits: &|c| c.words.all(&["over", "short"]),
                expected: &["cash", "over", "short"],
                names_key: false,
                says: "takes the cents that a drawer is over or short",
            },
        ])
    }
}
