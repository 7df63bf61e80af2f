//! Goods: their sale, their cost, and where they lie.

use super::{ASSET, COST, INCOME, LIABILITY, Rule, Search, sub_type};
use crate::suggestion::{Candidate, Confidence, Found};

impl Search<'_> {
    pub(super) fn revenue(&self) -> Option<Found> {
        const OTHERS: &[&str] = &[
            "shipping",
            "discount",
            "return",
            "refund",
            "allowance",
            "interest",
            "uncategorized",
            "billable",
            "markup",
            "tip",
            "gratuity",
            "gift",
            "damage",
            "fee",
            "rent",
            "rental",
            "commission",
            "dividend",
            "gain",
            "unapplied",
            "tax",
            "rounding",
            "over",
            "short",
            "deferred",
            "intercompany",
        ];
        let key = self.key;
        let other = |c: &Candidate<'_>| {
            OTHERS
                .iter()
                .any(|word| c.words.has(word) && !key.has(word))
        };
        let expected: &[&str] = &[
            "sale",
            "product",
            "net",
            "gross",
            "inventory",
            "goods",
            "item",
        ];
        self.by_class(
            &[INCOME],
            &|c| !other(c),
            &|c| {
                !other(c)
                    && (c.words.has("sale") || c.words.has("revenue") && c.words.has("product"))
            },
            expected,
            "is for sales of every kind",
        )
    }

    pub(super) fn cost(&self) -> Option<Found> {
        const OTHERS: &[&str] = &[
            "shrink",
            "adjustment",
            "shipping",
            "discount",
            "damage",
            "labor",
            "labour",
            "subcontractor",
            "variance",
            "purchase",
            "write",
            "loss",
            "supply",
            "material",
            "commission",
            "fee",
        ];
        let key = self.key;
        let other = |c: &Candidate<'_>| {
            OTHERS
                .iter()
                .any(|word| c.words.has(word) && !key.has(word))
        };
        let expected: &[&str] = &["cost", "goods", "sold", "sale", "product", "inventory"];
        self.by_class(
            &[COST],
            &|c| !other(c),
            &|c| {
                !other(c)
                    && c.words.has("cost")
                    && c.words.any(&["goods", "sale", "sold", "product"])
            },
            expected,
            "is for the cost of every sale",
        )
    }

    pub(super) fn on_hand(&self) -> Option<Found> {
        const OTHERS: &[&str] = &[
            "transit",
            "shrink",
            "reserve",
            "adjustment",
            "obsolete",
            "allowance",
            "receipt",
            "deposit",
            "consignment",
            "clearing",
            "supply",
            "return",
            "prepayment",
        ];
        let key = self.key;
        let other = |c: &Candidate<'_>| {
            OTHERS
                .iter()
                .any(|word| c.words.has(word) && !key.has(word))
        };
        let stock = |c: &Candidate<'_>| c.words.has("inventory") || sub_type(c, "Inventory");
        let expected: &[&str] = &["inventory", "hand", "goods", "finished", "product"];
        self.by_class(
            &[ASSET],
            &|c| !other(c) && stock(c),
            &|c| !other(c) && stock(c),
            expected,
            "is for goods of every kind",
        )
    }

    /// First an account that names the class; then, with less certainty, the one for all classes.
    pub(super) fn by_class(
        &self,
        types: &[&str],
        of_class: &dyn Fn(&Candidate<'_>) -> bool,
        of_all: &dyn Fn(&Candidate<'_>) -> bool,
        expected: &[&str],
        says: &str,
    ) -> Option<Found> {
        let key = self.key;
        self.first(&[
            Rule {
                sure: Confidence::High,
                types,
                fits: &|c| c.words.name(key) && of_class(c),
                expected,
                names_key: true,
                says: "is named for this class",
            },
            Rule {
                sure: Confidence::Medium,
                types,
                // One that is named for another class is that class's.
                fits: &|c| of_all(c) && !c.words.has_foreign(key, expected),
                expected,
                names_key: false,
                says,
            },
        ])
    }

    pub(super) fn received(&self) -> Option<Found> {
        self.as_others(&[
            "accrued",
            "receipt",
            "purchase",
            "inventory",
            "goods",
            "not",
            "billed",
            "clearing",
        ])
        .or_else(|| {
            self.first(&[Rule {
                sure: Confidence::High,
                types: &[LIABILITY],
                fits: &|c| {
                    !c.words
                        .any(&["return", "customer", "gift", "payroll", "tax", "sale"])
                        && (c.words.all(&["accrued", "receipt"])
                            || c.words.all(&["accrued", "purchase"])
                            || c.words.has("grni")
                            || c.words.has("receipt")
                                && c.words
                                    .any(&["billed", "invoiced", "vouchered", "inventory"]))
                },
                expected: &[
                    "accrued",
                    "receipt",
                    "purchase",
                    "inventory",
                    "goods",
                    "not",
                    "billed",
                    "invoiced",
                    "vouchered",
                    "grni",
                    "clearing",
                    "yet",
                ],
                names_key: false,
                says: "is named for goods received before the bill",
            }])
        })
    }

    pub(super) fn returned(&self) -> Option<Found> {
        self.as_others(&[
            "accrued",
            "return",
            "vendor",
            "purchase",
            "credit",
            "inventory",
            "goods",
            "clearing",
        ])
        .or_else(|| {
            self.first(&[Rule {
                sure: Confidence::High,
                types: &[LIABILITY],
                fits: &|c| {
                    !c.words.any(&["sale", "customer", "payroll", "tax"])
                        && (c.words.all(&["accrued", "return"])
                            || c.words.has("vendor") && c.words.any(&["return", "credit"])
                            || c.words.all(&["purchase", "return"]))
                },
                expected: &[
                    "accrued",
                    "return",
                    "vendor",
                    "purchase",
                    "credit",
                    "not",
                    "credited",
                    "inventory",
                    "goods",
                    "clearing",
                    "yet",
                ],
                names_key: false,
                says: "is named for goods returned to vendors",
            }])
        })
    }

    pub(super) fn in_transit(&self) -> Option<Found> {
        let key = self.key;
        let goods = |c: &Candidate<'_>| {
            c.words.has("transit")
                && !c
                    .words
                    .any(&["cash", "deposit", "payment", "bank", "fund", "card"])
        };
        let expected: &[&str] = &["inventory", "transit", "goods", "transfer"];
        let named = self.apply(&Rule {
            sure: Confidence::High,
            types: &[ASSET],
            fits: &|c| c.words.name(key) && goods(c),
            expected,
            names_key: true,
            says: "is named for this class in transit",
        });
        named.or_else(|| self.as_others(expected)).or_else(|| {
            self.apply(&Rule {
                sure: Confidence::High,
                types: &[ASSET],
                fits: &goods,
                expected,
                names_key: false,
                says: "is named for goods in transit",
            })
        })
    }
}
