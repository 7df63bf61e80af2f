//! Further instances of the product beside a world's own, over the same database and the same QuickBooks: with doors of their
//! own, in runtimes of their own, so that one can be killed.

use crate::world::World;
use entity::id::TenantId;
use entity::store::Store;
use service::error::Error;
use service::posting::{self, TurnEnd};
use service::{Service, grant};
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Another instance of the product.
pub struct Beside {
    pub service: Service,
    /// Where its API answers.
    pub base: Url,
    runtime: Option<Runtime>,
    stop: CancellationToken,
}

impl Beside {
    pub async fn start(world: &World) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let bound = api::bind(api::Options {
            workers: 1,
            ..api::Options::default()
        })
        .unwrap();
        let base: Url = format!("http://{}/", bound.address()).parse().unwrap();
        let settings = world.service.settings().clone();
        let application = world.database_url(migration::roles::APPLICATION);
        let platform = world.database_url(migration::roles::PLATFORM);
        let service = runtime
            .spawn(async move {
                let store = Store::connect(&application, &platform, 4).await.unwrap();
                Service::new(store, Arc::new(service::bell::Silent), settings).unwrap()
            })
            .await
            .unwrap();
        let stop = CancellationToken::new();
        runtime.spawn(bound.run(service.clone(), stop.clone()));
        Self {
            service,
            base,
            runtime: Some(runtime),
            stop,
        }
    }

    /// Does something in the instance.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.runtime.as_ref().unwrap().spawn(work)
    }

    /// Looks at the grants that are due.
    pub fn look_after_grants(&self) -> JoinHandle<Result<usize, Error>> {
        let service = self.service.clone();
        self.spawn(async move { grant::look_after(&service, &CancellationToken::new()).await })
    }

    /// Takes one turn.
    pub fn turn(&self, tenant: TenantId) -> JoinHandle<Result<TurnEnd, Error>> {
        let service = self.service.clone();
        self.spawn(async move {
            posting::turn(&service, tenant, "beside", &CancellationToken::new()).await
        })
    }

    /// Ends it as a crash does: whatever was under way stops where it stands, and its connections break.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
