//! What a bookkeeper looks for, slot by slot. Rules are tried in their order; the first that any account fits decides.

use super::{Candidate, Choice, Confidence, Found};
use crate::suggestion::words::Words;
use crate::{Mapping, Slot};

const BANK: &str = "Bank";
const ASSET: &str = "Other Current Asset";
const LIABILITY: &str = "Other Current Liability";
const COST: &str = "Cost of Goods Sold";
const EXPENSE: &str = "Expense";
const OTHER_EXPENSE: &str = "Other Expense";
const INCOME: &str = "Income";
const OTHER_INCOME: &str = "Other Income";
const EQUITY: &str = "Equity";

/// One thing to look for.
struct Rule<'r> {
    /// How sure, when just one account fits and nothing in its name speaks of something else.
    sure: Confidence,
    types: &'r [&'r str],
    fits: &'r dyn Fn(&Candidate<'_>) -> bool,
    /// Words of the name that belong to the role.
    expected: &'r [&'r str],
    /// Whether the key itself stands in the name.
    names_key: bool,
    /// What was found, as the reason says it.
    says: &'r str,
}

/// Looks for an account for a slot and key.
pub(super) fn choose(
    slot: Slot,
    key: Option<&str>,
    candidates: &[Candidate<'_>],
    mapping: &Mapping,
) -> Option<Found> {
    let words = Words::of(key.unwrap_or_default());
    let search = Search {
        slot,
        key: &words,
        candidates,
        mapping,
    };
    match slot {
        Slot::Payment => search.payment(),
        Slot::Deposit => search.deposit(),
        Slot::Revenue => search.revenue(),
        Slot::CostOfGoodsSold => search.cost(),
        Slot::InventoryOnHand => search.on_hand(),
        Slot::PurchasesReceived => search.received(),
        Slot::PurchasesReturned => search.returned(),
        Slot::InventoryInTransit => search.in_transit(),
        Slot::InventoryAdjustment => search.adjustment(),
        Slot::GiftCardAdjustment => search.gift_card_adjustment(),
        Slot::CashPaid => search.cash_paid(),
        Slot::GiftCardLiability => search.gift_cards(),
        Slot::SalesTax => search.sales_tax(),
        Slot::ShippingIncome => search.shipping(),
        Slot::Rounding => search.rounding(),
    }
}

struct Search<'s> {
    slot: Slot,
    key: &'s Words,
    candidates: &'s [Candidate<'s>],
    mapping: &'s Mapping,
}

fn sub_type(candidate: &Candidate<'_>, name: &str) -> bool {
    candidate.account.sub_type.as_deref() == Some(name)
}

fn is(candidate: &Candidate<'_>, types: &[&str]) -> bool {
    types.contains(&candidate.account.account_type.as_str())
}

fn named(candidate: &Candidate<'_>) -> String {
    match &candidate.account.number {
        Some(number) => format!("{number} {}", candidate.account.name),
        None => candidate.account.name.clone(),
    }
}

impl Search<'_> {
    /// The first rule that any account fits.
    fn first(&self, rules: &[Rule<'_>]) -> Option<Found> {
        rules.iter().find_map(|rule| self.apply(rule))
    }

    fn apply(&self, rule: &Rule<'_>) -> Option<Found> {
        let fitting: Vec<_> = self
            .candidates
            .iter()
            // Accounts Receivable and Payable are of no usual type, whatever they are called.
            .filter(|candidate| is(candidate, rule.types) && (rule.fits)(candidate))
            .collect();
        let (own, foreign): (Vec<_>, Vec<_>) = fitting
            .into_iter()
            .partition(|candidate| !candidate.words.has_foreign(self.key, rule.expected));
        let lowered = if rule.names_key {
            rule.sure.min(Confidence::Medium)
        } else {
            Confidence::Low
        };
        let (mut found, confidence) = if own.is_empty() {
            (foreign, lowered)
        } else {
            (own, rule.sure)
        };
        let mut confidence = confidence;
        if found.len() > 1 {
            let near: Vec<_> = found
                .iter()
                .copied()
                .filter(|candidate| self.is_near(candidate))
                .collect();
            match near.as_slice() {
                [one] => {
                    found = vec![*one];
                    confidence = confidence.min(Confidence::Medium);
                }
                _ => confidence = Confidence::Low,
            }
        }
        let best = *found.first()?;
        let mut reason = format!(
            "{} {}; its type, {}, is usual for {}",
            named(best),
            rule.says,
            best.account.account_type,
            self.slot
        );
        if found.len() > 1 {
            let others: Vec<_> = found[1..].iter().map(|other| named(other)).collect();
            reason = format!("{reason}. It fits no better than {}", others.join(", "));
        }
        Some(Found {
            choice: Choice {
                account: best.account.id.clone(),
                confidence,
                reason,
            },
            names_key: rule.names_key,
        })
    }

    // Its number stands beside those that the slot uses for other keys: 1305 beside 1300.
    fn is_near(&self, candidate: &Candidate<'_>) -> bool {
        let hundred = |number: &Option<String>| {
            let number: u32 = number.as_deref()?.parse().ok()?;
            Some(number / 100)
        };
        let used = self.mapping.rows(self.slot).filter_map(|account| {
            let used = self
                .candidates
                .iter()
                .find(|candidate| candidate.account.id == *account)?;
            hundred(&used.account.number)
        });
        let own = hundred(&candidate.account.number);
        own.is_some() && used.into_iter().any(|used| Some(used) == own)
    }

    /// An account that the mapping holds for another slot or key already.
    fn already(&self, slot: Slot, key: Option<&str>, says: &str) -> Option<Found> {
        let account = self.mapping.resolve(slot, key, None)?;
        let candidate = self
            .candidates
            .iter()
            .find(|candidate| candidate.account.id == *account)?;
        Some(Found {
            choice: Choice {
                account: account.clone(),
                confidence: Confidence::Medium,
                reason: format!("{} {says}", named(candidate)),
            },
            names_key: false,
        })
    }

    /// The one account that every other key of the slot uses.
    fn as_others(&self, expected: &[&str]) -> Option<Found> {
        let mut used = self.mapping.rows(self.slot);
        let first = used.next()?;
        if used.any(|account| account != first) {
            return None;
        }
        let candidate = self
            .candidates
            .iter()
            .find(|candidate| candidate.account.id == *first)
            // One that is named for another key is that key's.
            .filter(|candidate| !candidate.words.has_foreign(self.key, expected))?;
        Some(Found {
            choice: Choice {
                account: first.clone(),
                confidence: Confidence::Medium,
                reason: format!(
                    "{} serves every other key of {}",
                    named(candidate),
                    self.slot
                ),
            },
            names_key: false,
        })
    }

    fn payment(&self) -> Option<Found> {
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

    fn cash(&self) -> Option<Found> {
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

    fn undeposited<'r>(&self) -> Rule<'r> {
        Rule {
            sure: Confidence::Medium,
            types: &[ASSET, BANK],
            fits: &|c| sub_type(c, "UndepositedFunds") || c.words.has("undeposited"),
            expected: &["undeposited", "fund", "payment", "deposit"],
            names_key: false,
            says: "holds what was taken and is not in the bank yet",
        }
    }

    fn check(&self) -> Option<Found> {
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

    fn card(&self) -> Option<Found> {
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

    fn deposit(&self) -> Option<Found> {
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

    fn revenue(&self) -> Option<Found> {
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

    fn cost(&self) -> Option<Found> {
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

    fn on_hand(&self) -> Option<Found> {
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
    fn by_class(
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

    fn received(&self) -> Option<Found> {
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

    fn returned(&self) -> Option<Found> {
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

    fn in_transit(&self) -> Option<Found> {
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

    fn adjustment(&self) -> Option<Found> {
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

    fn gift_card_adjustment(&self) -> Option<Found> {
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

    fn cash_paid(&self) -> Option<Found> {
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

    fn gift_cards(&self) -> Option<Found> {
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

    fn sales_tax(&self) -> Option<Found> {
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

    fn shipping(&self) -> Option<Found> {
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

    fn rounding(&self) -> Option<Found> {
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
