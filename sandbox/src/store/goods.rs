//! What the store sells.

use serde_json::{Value, json};

use super::{Draft, dollars};

/// An article of the catalogue.
#[derive(Clone, Copy)]
pub(super) struct Article {
    pub class: &'static str,
    pub price_cents: i64,
    /// Average cost of one, up to six decimals. A service has none.
    pub unit_cost: Option<&'static str>,
}

const fn article(class: &'static str, price_cents: i64, unit_cost: &'static str) -> Article {
    Article {
        class,
        price_cents,
        unit_cost: Some(unit_cost),
    }
}

/// Goods the store keeps in stock.
pub(super) const GOODS: &[Article] = &[
    article("apparel", 2_400, "9.35"),
    article("apparel", 3_200, "11.2"),
    article("apparel", 7_800, "31.3333"),
    article("apparel", 10_000, "40.00"),
    article("apparel", 18_900, "82.625"),
    article("footwear", 5_400, "21.905"),
    article("footwear", 9_500, "44.1250"),
    article("footwear", 16_500, "71.333333"),
];

const ALTERATION: Article = Article {
    class: "alterations",
    price_cents: 1_500,
    unit_cost: None,
};

/// Cloth sold by the yard, in quarters.
const CLOTH: Article = article("apparel", 1_280, "4.815");

/// An article sold: how many (in quarters) and for how much.
#[derive(Clone, Copy)]
pub(super) struct Sold {
    pub article: Article,
    pub quarters: i64,
    pub amount_cents: i64,
}

impl Sold {
    /// The same taken back.
    pub(super) fn returned(self) -> Self {
        Self {
            quarters: -self.quarters,
            amount_cents: -self.amount_cents,
            ..self
        }
    }

    /// The line on the wire, its goods taken from `fulfilment` where that is another location.
    pub(super) fn line(&self, fulfilment: Option<&str>) -> Value {
        let mut line = json!({
            "kind": "item",
            "item_class": self.article.class,
            "quantity": quantity(self.quarters),
            "amount": dollars(self.amount_cents),
        });
        if let Some(unit_cost) = self.article.unit_cost {
            line["unit_cost"] = Value::from(unit_cost);
        }
        if let Some(fulfilment) = fulfilment {
            line["fulfilment_location"] = Value::from(fulfilment);
        }
        line
    }
}

/// A quantity given in quarters, as a decimal string.
pub(super) fn quantity(quarters: i64) -> String {
    let sign = if quarters < 0 { "-" } else { "" };
    let fraction = ["", ".25", ".5", ".75"][(quarters.unsigned_abs() % 4) as usize];
    format!("{sign}{}{fraction}", quarters.abs() / 4)
}

impl Draft {
    /// One to four articles, some of them discounted.
    pub(super) fn basket(&mut self) -> Vec<Sold> {
        (0..self.between(1, 4)).map(|_| self.one_sold()).collect()
    }

    pub(super) fn one_sold(&mut self) -> Sold {
        let (article, quarters) = match self.between(0, 19) {
            0 => (ALTERATION, 4),
            1 => (CLOTH, self.between(1, 24)),
            _ => (self.pick(GOODS), 4 * if self.chance(15) { 2 } else { 1 }),
        };
        let percent = if self.chance(20) {
            self.pick(&[90, 80, 70])
        } else {
            100
        };
        let amount_cents = (article.price_cents * quarters * percent + 200) / 400;
        Sold {
            article,
            quarters,
            amount_cents,
        }
    }
}

/// The state's tax of 6.25 %, rounded to the cent as the tills do: half up in either direction.
pub(super) fn tax_cents(sold: &[Sold]) -> i64 {
    let taxed: i64 = sold
        .iter()
        .filter(|sold| sold.article.unit_cost.is_some())
        .map(|sold| sold.amount_cents)
        .sum();
    (taxed.abs() * 625 + 5_000) / 10_000 * taxed.signum()
}

/// The tax line, unless there is no tax.
pub(super) fn tax_line(cents: i64) -> Option<Value> {
    (cents != 0).then(|| json!({"kind": "tax", "jurisdiction": "state", "amount": dollars(cents)}))
}
