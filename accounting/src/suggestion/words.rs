//! The words of account names and keys, brought to one form: `Sales – Clothing` and `apparel` have a word in common.

use std::collections::BTreeSet;

/// The words of a text, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words(BTreeSet<String>);

impl Words {
    /// Reads a text: letters and digits are kept, case and plurals are not, and words that mean the same become one.
    pub(super) fn of(text: &str) -> Self {
        let mut words = BTreeSet::new();
        for word in text
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            for same in meaning(&singular(word)) {
                words.insert(same);
            }
        }
        Self(words)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Whether all of these words are there.
    pub(super) fn all(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.has(word))
    }

    /// Whether one of these words is there.
    pub(super) fn any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// Whether all words of a key are there.
    pub(super) fn name(&self, key: &Self) -> bool {
        !key.is_empty() && key.0.is_subset(&self.0)
    }

    /// Words that neither the key, nor what is expected, nor plain filling explains: they make an account another's.
    pub(super) fn has_foreign(&self, key: &Self, expected: &[&str]) -> bool {
        self.0.iter().any(|word| {
            !key.has(word)
                && !expected.contains(&word.as_str())
                && !FILLING.contains(&word.as_str())
                && !word.chars().all(|c| c.is_ascii_digit())
        })
    }
}

/// Words that say nothing of what an account is for.
const FILLING: &[&str] = &[
    "a",
    "account",
    "acct",
    "all",
    "an",
    "and",
    "asset",
    "at",
    "balance",
    "by",
    "current",
    "expense",
    "for",
    "from",
    "general",
    "in",
    "income",
    "liability",
    "of",
    "on",
    "or",
    "other",
    "our",
    "outstanding",
    "payable",
    "receivable",
    "retail",
    "revenue",
    "shop",
    "store",
    "the",
    "to",
    "total",
    "with",
];

fn singular(word: &str) -> String {
    let stem = match word {
        "goods" | "cogs" | "less" | "gross" | "loss" | "business" | "address" | "process" => word,
        _ if word.len() > 4 && word.ends_with("ies") => {
            return format!("{}y", &word[..word.len() - 3]);
        }
        _ if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") => {
            &word[..word.len() - 1]
        }
        _ => word,
    };
    stem.to_owned()
}

/// The words that a word stands for.
fn meaning(word: &str) -> Vec<String> {
    let words: &[&str] = match word {
        "cogs" => &["cost", "goods", "sold"],
        "good" => &["goods"],
        "cheque" => &["check"],
        "certificate" => &["card"],
        "giftcard" => &["gift", "card"],
        "creditcard" => &["credit", "card"],
        "cc" => &["credit", "card"],
        "debitcard" => &["debit", "card"],
        "shrinkage" => &["shrink"],
        "promotional" | "promotion" | "promo" => &["promotion"],
        "damaged" | "damage" | "breakage" | "broken" | "spoiled" | "spoilage" | "defective" => {
            &["damage"]
        }
        "clothing" | "clothe" | "garment" | "apparel" => &["apparel"],
        "shoe" | "footwear" => &["footwear"],
        "alteration" | "tailoring" => &["alteration"],
        "freight" | "delivery" | "shipping" | "shipment" => &["shipping"],
        "postage" | "stamp" | "postal" => &["postage"],
        "prepayment" | "prepaid" => &["prepayment"],
        "accrued" | "accrual" => &["accrued"],
        "inv" | "inventory" | "stock" | "merchandise" => &["inventory"],
        "returned" | "return" => &["return"],
        "received" | "receipt" | "receiving" => &["receipt"],
        "counted" | "count" => &["count"],
        "rounded" | "rounding" | "round" => &["rounding"],
        "supplier" | "vendor" => &["vendor"],
        "customer" | "client" => &["customer"],
        "adjusted" | "adjusting" | "adjustment" => &["adjustment"],
        other => return vec![other.to_owned()],
    };
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_meet_in_their_words() {
        assert!(Words::of("Sales – Clothing").name(&Words::of("apparel")));
        assert!(Words::of("Gift Certificates").name(&Words::of("gift_card")));
        assert!(Words::of("COGS Shoes").all(&["cost", "goods", "sold", "footwear"]));
        // A bank account for checks is not one that checks are put into.
        assert!(!Words::of("Business Checking").has("check"));
        assert!(!Words::of("Inventory").name(&Words::of("")));
    }

    #[test]
    fn what_nothing_explains_is_foreign() {
        let key = Words::of("apparel");
        assert!(!Words::of("Sales of Apparel 2").has_foreign(&key, &["sale"]));
        assert!(Words::of("Apparel Consignment").has_foreign(&key, &["sale"]));
    }
}
