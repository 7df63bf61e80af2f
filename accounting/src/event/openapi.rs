//! The wire types as OpenAPI schemas.
//!
//! Structs derive theirs. Written by hand are the checked texts and numbers, each a named string schema, and the two
//! enums told apart by a field: the derive gives those no `discriminator`, which generated clients need.

use std::borrow::Cow;

use serde_json::{Value, json};
use utoipa::openapi::schema::{Discriminator, Object, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::{
    CashPaid, CustomerDeposit, GiftCardAdjustment, GiftCardLine, InventoryAdjustment, ItemLine,
    Purchase, Sale, SaleLine, ShippingLine, TaxLine, Transaction, TransactionType, TransferReceipt,
    TransferShipment,
};
use crate::{
    Currency, DocumentNumber, EventAmount, ExternalId, Key, KeyKind, Memo, Quantity, Slot, UnitCost,
};

/// No control characters, which is what a checked text promises.
const PLAIN_TEXT: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

macro_rules! string_schema {
    ($type:ty, $name:literal, $description:literal, |$object:ident| $refine:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let $object = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description));
                Schema::Object($refine.build()).into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

string_schema!(
    ExternalId,
    "ExternalId",
    "The source's own id of an event.",
    |text| text
        .min_length(Some(1))
        .max_length(Some(128))
        .pattern(Some(PLAIN_TEXT))
        .examples(["tkt_1001"])
);
string_schema!(
    Key,
    "MappingKey",
    "A payment type, item class, location, reason, jurisdiction or method.",
    |text| text
        .min_length(Some(1))
        .max_length(Some(64))
        .pattern(Some(PLAIN_TEXT))
        .examples(["boston"])
);
string_schema!(super::Vendor, "Vendor", "A vendor's name.", |text| text
    .min_length(Some(1))
    .max_length(Some(100))
    .pattern(Some(PLAIN_TEXT))
    .examples(["acme"]));
string_schema!(
    Memo,
    "Memo",
    "Free words; line breaks and tabs are allowed.",
    |text| text
        .max_length(Some(1_000))
        .pattern(Some(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"))
        .examples(["Register 2"])
);
string_schema!(
    DocumentNumber,
    "DocumentNumber",
    "Becomes the document number in QuickBooks.",
    |text| text
        .min_length(Some(1))
        .max_length(Some(21))
        .pattern(Some("^[A-Za-z0-9-]+$"))
        .examples(["104233"])
);
string_schema!(
    EventAmount,
    "DecimalAmount",
    "A decimal string with at most the currency's minor digits.",
    |text| text
        .pattern(Some(r"^-?[0-9]{1,15}(\.[0-9]{1,3})?$"))
        .examples(["19.99"])
);
string_schema!(
    Quantity,
    "DecimalQuantity",
    "A decimal string of at most 4 decimals.",
    |text| text
        .pattern(Some(r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$"))
        .examples(["1"])
);
string_schema!(
    UnitCost,
    "DecimalUnitCost",
    "A decimal string of at most 6 decimals.",
    |text| text
        .pattern(Some(r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"))
        .examples(["12.50"])
);
string_schema!(
    Currency,
    "CurrencyCode",
    "A currency in use, by its ISO 4217 code.",
    |text| text
        .enum_values(Some(Currency::all().map(|currency| currency.to_string())))
        .examples(["USD"])
);

string_schema!(
    Slot,
    "Slot",
    "A role that an account plays in the posting rules.",
    |text| text
        .enum_values(Some(Slot::ALL.map(Slot::as_str)))
        .examples(["revenue"])
);
string_schema!(
    KeyKind,
    "KeyKind",
    "What the key of a slot names.",
    |text| text
        .enum_values(Some(KeyKind::ALL.map(KeyKind::as_str)))
        .examples(["payment_type"])
);

/// A shape of a tagged enum: its name, its value of the tag, and the struct's own schema.
struct Shape {
    name: &'static str,
    tag: &'static str,
    schema: RefOr<Schema>,
    example: Value,
}

impl Shape {
    fn of<T: ToSchema>(name: &'static str, tag: &'static str, example: Value) -> Self {
        Self {
            name,
            tag,
            schema: T::schema(),
            example,
        }
    }

    /// The struct's schema with the tag as its first, required field.
    fn tagged(self, tag_field: &str, description: Option<&str>) -> (String, RefOr<Schema>) {
        let tag = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([self.tag]))
            .build();
        let mut shape = ObjectBuilder::new()
            .property(tag_field, tag)
            .required(tag_field)
            .build();
        if let RefOr::T(Schema::Object(Object {
            properties,
            required,
            additional_properties,
            description,
            ..
        })) = self.schema
        {
            shape.properties.extend(properties);
            shape.required.extend(required);
            shape.additional_properties = additional_properties;
            shape.description = description;
        }
        if let Some(description) = description {
            shape.description = Some(description.to_owned());
        }
        shape.examples = vec![self.example];
        (self.name.to_owned(), Schema::Object(shape).into())
    }
}

/// One of `shapes`, told apart by `tag_field`.
fn one_of(shapes: &[Shape], tag_field: &str, description: &str) -> RefOr<Schema> {
    let reference = |shape: &Shape| Ref::from_schema_name(shape.name);
    let mapping = shapes
        .iter()
        .map(|shape| (shape.tag, reference(shape).ref_location));
    let one_of = OneOfBuilder::new()
        .description(Some(description))
        .discriminator(Some(Discriminator::with_mapping(tag_field, mapping)));
    let one_of = shapes
        .iter()
        .fold(one_of, |one_of, shape| one_of.item(reference(shape)));
    Schema::OneOf(one_of.build()).into()
}

fn transactions() -> Vec<Shape> {
    let shape = |kind: TransactionType| {
        let (name, tag, example) = (
            component_name(kind),
            kind.as_str(),
            example_transaction(kind),
        );
        match kind {
            TransactionType::Ticket | TransactionType::SalesInvoice => {
                Shape::of::<Sale>(name, tag, example)
            }
            TransactionType::CustomerDeposit => Shape::of::<CustomerDeposit>(name, tag, example),
            TransactionType::PurchaseReceipt | TransactionType::PurchaseReturn => {
                Shape::of::<Purchase>(name, tag, example)
            }
            TransactionType::TransferShipment => Shape::of::<TransferShipment>(name, tag, example),
            TransactionType::TransferReceipt => Shape::of::<TransferReceipt>(name, tag, example),
            TransactionType::InventoryAdjustment => {
                Shape::of::<InventoryAdjustment>(name, tag, example)
            }
            TransactionType::GiftCardAdjustment => {
                Shape::of::<GiftCardAdjustment>(name, tag, example)
            }
            TransactionType::CashPaid => Shape::of::<CashPaid>(name, tag, example),
        }
    };
    TransactionType::ALL.map(shape).into()
}

fn component_name(kind: TransactionType) -> &'static str {
    match kind {
        TransactionType::Ticket => "Ticket",
        TransactionType::SalesInvoice => "SalesInvoice",
        TransactionType::CustomerDeposit => "CustomerDeposit",
        TransactionType::PurchaseReceipt => "PurchaseReceipt",
        TransactionType::PurchaseReturn => "PurchaseReturn",
        TransactionType::TransferShipment => "TransferShipment",
        TransactionType::TransferReceipt => "TransferReceipt",
        TransactionType::InventoryAdjustment => "InventoryAdjustment",
        TransactionType::GiftCardAdjustment => "GiftCardAdjustment",
        TransactionType::CashPaid => "CashPaid",
    }
}

fn component_description(kind: TransactionType) -> &'static str {
    match kind {
        TransactionType::Ticket => {
            "A sale, return or exchange at the till. Payments and lines must sum to the same."
        }
        TransactionType::SalesInvoice => {
            "A sales order invoiced. Payments and lines must sum to the same."
        }
        TransactionType::CustomerDeposit => {
            "Money taken for a layaway or an order before the sale, or refunded."
        }
        TransactionType::PurchaseReceipt => "Goods received from a vendor, at product cost.",
        TransactionType::PurchaseReturn => "Goods returned to a vendor, at product cost.",
        TransactionType::TransferShipment => {
            "Goods sent to another location. The event's location ships."
        }
        TransactionType::TransferReceipt => {
            "Goods arrived. The event's location receives: the shipper itself, when a short receipt is resolved back."
        }
        TransactionType::InventoryAdjustment => {
            "Stock adjusted or counted; gains positive, losses negative."
        }
        TransactionType::GiftCardAdjustment => "A gift card's balance changed outside the till.",
        TransactionType::CashPaid => "Cash put into or taken out of a drawer.",
    }
}

impl PartialSchema for Transaction {
    fn schema() -> RefOr<Schema> {
        one_of(
            &transactions(),
            "type",
            "What happened, told apart by its `type`.",
        )
    }
}

impl ToSchema for Transaction {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let shapes = TransactionType::ALL.into_iter().zip(transactions());
        schemas.extend(
            shapes.map(|(kind, shape)| shape.tagged("type", Some(component_description(kind)))),
        );
        Sale::schemas(schemas);
        CustomerDeposit::schemas(schemas);
        Purchase::schemas(schemas);
        TransferShipment::schemas(schemas);
        TransferReceipt::schemas(schemas);
        InventoryAdjustment::schemas(schemas);
        GiftCardAdjustment::schemas(schemas);
        CashPaid::schemas(schemas);
    }
}

fn sale_lines() -> Vec<Shape> {
    let item = json!({"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00", "unit_cost": "20.00"});
    let tax = json!({"kind": "tax", "jurisdiction": "state", "amount": "4.13"});
    let shipping = json!({"kind": "shipping", "method": "ground", "amount": "10.00"});
    let gift_card = json!({"kind": "gift_card", "amount": "100.00"});
    vec![
        Shape::of::<ItemLine>("ItemLine", "item", item),
        Shape::of::<TaxLine>("TaxLine", "tax", tax),
        Shape::of::<ShippingLine>("ShippingLine", "shipping", shipping),
        Shape::of::<GiftCardLine>("GiftCardLine", "gift_card", gift_card),
    ]
}

impl PartialSchema for SaleLine {
    fn schema() -> RefOr<Schema> {
        one_of(
            &sale_lines(),
            "kind",
            "A line of a sale, told apart by its `kind`.",
        )
    }
}

impl ToSchema for SaleLine {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend(
            sale_lines()
                .into_iter()
                .map(|shape| shape.tagged("kind", None)),
        );
        ItemLine::schemas(schemas);
        TaxLine::schemas(schemas);
        ShippingLine::schemas(schemas);
        GiftCardLine::schemas(schemas);
    }
}

/// A believable event of each type, as a client would send it.
pub fn examples() -> Vec<(TransactionType, Value)> {
    let event = |kind: TransactionType| {
        json!({
            "external_id": format!("{}_1001", kind.as_str()),
            "occurred_at": "2026-11-20T18:22:05-05:00",
            "location": "boston",
            "transaction": example_transaction(kind),
        })
    };
    TransactionType::ALL.map(|kind| (kind, event(kind))).into()
}

fn example_transaction(kind: TransactionType) -> Value {
    let tag = kind.as_str();
    match kind {
        TransactionType::Ticket => json!({
            "type": tag,
            "lines": [
                {"kind": "item", "item_class": "apparel", "quantity": "1", "amount": "50.00", "unit_cost": "20.00"},
                {"kind": "tax", "jurisdiction": "state", "amount": "4.13"},
            ],
            "payments": [
                {"payment_type": "cash", "amount": "60.00"},
                {"payment_type": "cash", "amount": "-5.87", "kind": "change"},
            ],
        }),
        TransactionType::SalesInvoice => json!({
            "type": tag,
            "lines": [
                {"kind": "item", "item_class": "footwear", "quantity": "1", "amount": "100.00", "unit_cost": "45.00",
                 "fulfilment_location": "warehouse"},
                {"kind": "shipping", "method": "ground", "amount": "10.00"},
                {"kind": "tax", "jurisdiction": "state", "amount": "8.00"},
            ],
            "payments": [{"payment_type": "card", "amount": "118.00", "kind": "deposit_applied"}],
        }),
        TransactionType::CustomerDeposit => {
            json!({"type": tag, "payments": [{"payment_type": "card", "amount": "25.00"}]})
        }
        TransactionType::PurchaseReceipt | TransactionType::PurchaseReturn => json!({
            "type": tag,
            "vendor": "acme",
            "lines": [{"item_class": "apparel", "quantity": "10", "unit_cost": "12.00"}],
        }),
        TransactionType::TransferShipment => json!({
            "type": tag,
            "to_location": "cambridge",
            "lines": [{"item_class": "apparel", "quantity": "5", "unit_cost": "12.00"}],
        }),
        TransactionType::TransferReceipt => json!({
            "type": tag,
            "from_location": "cambridge",
            "lines": [{"item_class": "apparel", "quantity": "5", "unit_cost": "12.00"}],
        }),
        TransactionType::InventoryAdjustment => json!({
            "type": tag,
            "reason": "damaged",
            "lines": [{"item_class": "apparel", "quantity": "-2", "unit_cost": "15.00"}],
        }),
        TransactionType::GiftCardAdjustment => {
            json!({"type": tag, "reason": "goodwill", "amount": "20.00"})
        }
        TransactionType::CashPaid => {
            json!({"type": tag, "direction": "out", "reason": "postage", "amount": "20.00"})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn every_example_is_an_event_of_its_type() {
        for (kind, example) in examples() {
            let event = Event::parse_in(example.to_string().as_bytes(), Currency::USD).unwrap();
            assert_eq!(event.kind(), kind);
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema_and_every_shape_refuses_other_fields() {
        let mut schemas = vec![(Event::name().into_owned(), Event::schema())];
        Event::schemas(&mut schemas);
        let names: Vec<&str> = schemas.iter().map(|(name, _)| name.as_str()).collect();
        let json = serde_json::to_string(&schemas).unwrap();
        for reference in json.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(names.contains(&name), "{name} is referred to and not there");
        }
        for shape in transactions().into_iter().chain(sale_lines()) {
            let (_, schema) = schemas.iter().find(|(name, _)| name == shape.name).unwrap();
            let schema = serde_json::to_value(schema).unwrap();
            assert_eq!(
                schema["additionalProperties"],
                json!(false),
                "{}",
                shape.name
            );
        }
    }

    #[test]
    fn fields_with_a_default_are_not_required_and_amounts_are_strings() {
        let schema = serde_json::to_value(super::super::Payment::schema()).unwrap();
        assert_eq!(schema["required"], json!(["payment_type", "amount"]));
        assert_eq!(
            serde_json::to_value(EventAmount::schema()).unwrap()["type"],
            json!("string")
        );
    }
}
