//! What a start looks at before it serves: settings that belong to another database or role are refused.

use crate::world::{Shape, World};
use secrecy::SecretString;
use service::Service;
use service::bell::Silent;
use std::sync::Arc;

#[tokio::test]
async fn a_key_that_the_database_was_not_sealed_with_is_refused() {
    let world = World::new().await;
    world.store("Harbour").await;
    world.service.check().await.unwrap();
    let mut settings = world.service.settings().clone();
    settings.key_encryption_key =
        SecretString::from("HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA=");
    let other = Service::new(world.service.store().clone(), Arc::new(Silent), settings).unwrap();
    let refusal = other.check().await.unwrap_err().to_string();
    assert!(refusal.contains("TILLPOST_KEY_ENCRYPTION_KEY"), "{refusal}");
}

#[tokio::test]
async fn a_login_of_another_role_is_refused() {
    let shape = Shape {
        application_role: "postgres",
        ..Shape::default()
    };
    let world = World::shaped(shape).await;
    let refusal = world.service.check().await.unwrap_err().to_string();
    assert!(
        refusal.contains("DATABASE_URL logs in as postgres"),
        "{refusal}"
    );
}
