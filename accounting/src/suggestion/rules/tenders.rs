//! How customers pay and what is owed to them: tenders, deposits and gift cards.

use super::{ASSET, BANK, LIABILITY, Rule, Search, sub_type};
use crate::Slot;
use crate::suggestion::{Candidate, Confidence, Found};

impl Search<'_> {
    pub(super) fn payment(&self) -> Option<Found> {
        let key = self.key;
        if key.has("gift") {
            return self.gift_cards();
        }
        if key.all(&["store", "credit"]) || key.all(&["inventory", "credit"]) {
            return self.apply(&Rule {
                sure: Confidence::High,
                types: &[LIABILITY],
                fits: &|c| {
                    c.words.has("credit")
                        && c.words.any(&["store", "customer"])
                        && !c.words.has("card")
                },
                expected: &["store", "customer", "credit"],
                names_key: true,
                says: "is named for store credit",
            });
        }
        if key.any(&["cash", "coin", "currency"]) {
            return self.cash();
        }
        if key.has("check") {
            return self.check();
        }
        if key.any(&CARDS) {
            return self.card();
        }
        if key.any(&["house", "charge"]) || key.all(&["on", "account"]) {
            return self.first(&[Rule {
                sure: Confidence::High,
                types: &[ASSET],
                fits: &|c| {
                    c.words.has("house")
                        || c.words.has("charge") && c.words.has("account")
                        || c.words.has("customer") && c.words.has("account")
                },
                expected: &["house", "charge", "customer"],
                names_key: false,
                says: "is named for customers' accounts",
            }]);
        }
        self.apply(&Rule {
            sure: Confidence::High,
            types: &[BANK, ASSET],
            fits: &|c| c.words.name(key) && !c.words.has("fee"),
            expected: &["clearing", "settlement", "payment", "transit"],
            names_key: true,
            says: "is named for this payment type",
        })
    }

    pub(super) fn cash(&self) -> Option<Found> {
        let drawer = |c: &Candidate<'_>| {
            !c.words.has("petty")
                && (c.words.any(&["drawer", "till", "register"])
                    || c.words.all(&["cash", "hand"])
                    || sub_type(c, "CashOnHand"))
        };
        self.first(&[
            Rule {
                sure: Confidence::High,
                types: &[BANK, ASSET],
                fits: &drawer,
                expected: &["cash", "drawer", "till", "register", "hand", "float"],
                names_key: false,
                says: "is where the cash of the tills lies",
            },
            self.undeposited(),
            Rule {
                sure: Confidence::Medium,
                types: &[BANK, ASSET],
                fits: &|c| {
                    c.words.has("cash")
                        && !c.words.has("petty")
                        && !sub_type(c, "Checking")
                        && !sub_type(c, "Savings")
                },
                expected: &["cash", "clearing"],
                names_key: false,
                says: "is named for cash",
            },
        ])
    }

    pub(super) fn undeposited<'r>(&self) -> Rule<'r> {
        Rule {
            sure: Confidence::Medium,
            types: &[ASSET, BANK],
            fits: &|c| sub_type(c, "UndepositedFunds") || c.words.has("undeposited"),
            expected: &["undeposited", "fund", "payment", "deposit"],
            names_key: false,
            says: "holds what was taken and is not in the bank yet",
        }
    }

    pub(super) fn check(&self) -> Option<Found> {
        let own = self.first(&[
            Rule {
                sure: Confidence::High,
                types: &[BANK, ASSET],
                fits: &|c| c.words.has("check"),
                expected: &["check", "clearing", "hand", "undeposited", "drawer", "cash"],
                names_key: false,
                says: "is named for checks",
            },
            self.undeposited(),
        ]);
        // Else checks lie in the drawer with the cash.
        own.or_else(|| {
            self.already(
                Slot::Payment,
                Some("cash"),
                "is where cash goes, and checks lie beside it",
            )
        })
        .or_else(|| {
            let mut found = self.cash()?;
            found.choice.confidence = found.choice.confidence.min(Confidence::Medium);
            found.choice.reason = format!("{}; checks lie beside the cash", found.choice.reason);
            Some(found)
        })
    }

    pub(super) fn card(&self) -> Option<Found> {
        let key = self.key;
        let not = |c: &Candidate<'_>| {
            !c.words
                .any(&["gift", "fee", "payable", "company", "expense"])
        };
        let brand = key.any(&BRANDS);
        let sure = if brand {
            Confidence::Medium
        } else {
            Confidence::High
        };
        let expected: &[&str] = &[
            "credit",
            "debit",
            "card",
            "merchant",
            "clearing",
            "settlement",
            "processing",
            "sale",
            "bank",
        ];
        self.first(&[
            Rule {
                sure: Confidence::High,
                types: &[ASSET, BANK],
                fits: &|c| brand && not(c) && BRANDS.iter().any(|b| key.has(b) && c.words.has(b)),
                expected,
                names_key: true,
                says: "is named for this card",
            },
            Rule {
                sure,
                types: &[ASSET, BANK],
                fits: &|c| {
                    not(c)
                        && c.words.has("card")
                        && (c.words.any(&["credit", "debit"])
                            || c.words.any(&["clearing", "receivable", "settlement"]))
                },
                expected,
                names_key: false,
                says: "holds what card companies still have to pay",
            },
            Rule {
                sure: Confidence::Medium,
                types: &[ASSET],
                fits: &|c| not(c) && c.words.has("merchant"),
                expected,
                names_key: false,
                says: "holds what the merchant's bank still has to pay",
            },
            Rule {
                sure: Confidence::Low,
                ..self.undeposited()
            },
        ])
    }

    pub(super) fn deposit(&self) -> Option<Found> {
        let others = &[
            "security",
            "payroll",
            "vendor",
            "utility",
            "undeposited",
            "gift",
            "bottle",
            "tax",
            "rent",
            "tenant",
            "direct",
        ];
        self.as_others(&[
            "customer",
            "deposit",
            "layaway",
            "order",
            "sale",
            "special",
            "unearned",
            "prepayment",
        ])
        .or_else(|| {
            self.first(&[
                Rule {
                    sure: Confidence::High,
                    types: &[LIABILITY],
                    fits: &|c| {
                        !c.words.any(others)
                            && (c.words.has("layaway")
                                || c.words.has("deposit")
                                    && c.words.any(&["customer", "order", "sale"]))
                    },
                    expected: &[
                        "customer", "deposit", "layaway", "order", "sale", "special", "unearned",
                    ],
                    names_key: false,
                    says: "is named for deposits of customers",
                },
                Rule {
                    sure: Confidence::Medium,
                    types: &[LIABILITY],
                    fits: &|c| {
                        !c.words.any(others)
                            && (c.words.any(&["deposit", "prepayment"])
                                || c.words.all(&["unearned", "revenue"]))
                    },
                    expected: &["customer", "deposit", "prepayment", "unearned", "sale"],
                    names_key: false,
                    says: "is named for money taken before the sale",
                },
            ])
        })
    }

    pub(super) fn gift_cards(&self) -> Option<Found> {
        let says = "is what gift cards are owed from already";
        let slot = self.slot;
        let already = match slot {
            Slot::Payment => self.already(Slot::GiftCardLiability, None, says),
            _ => self.already(Slot::Payment, Some("gift_card"), says),
        };
        already.or_else(|| {
            self.apply(&Rule {
                sure: Confidence::High,
                types: &[LIABILITY],
                fits: &|c| c.words.has("gift"),
                expected: &[
                    "gift",
                    "card",
                    "deferred",
                    "unredeemed",
                    "voucher",
                    "sold",
                    "customer",
                ],
                names_key: false,
                says: "is named for gift cards",
            })
        })
    }
}

/// Words of a key that mean a bank card.
const CARDS: [&str; 14] = [
    "card",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "amex",
    "discover",
    "eftpos",
    "interac",
    "maestro",
    "emv",
    "mc",
    "american",
    "diners",
];

/// Those that name one kind of card.
const BRANDS: [&str; 9] = [
    "visa",
    "mastercard",
    "amex",
    "discover",
    "eftpos",
    "interac",
    "maestro",
    "american",
    "diners",
];
