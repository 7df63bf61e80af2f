//! The server: bound first, so that its port is known, then run until it is told to stop.

use crate::headers;
use crate::load::Load;
use crate::routing;
use crate::span::Spans;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, ThinData};
use actix_web::{App, HttpServer};
use futures::future;
use service::Service;
use service::rate_limit::{self, Counter, Limiter};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_actix_web::TracingLogger;

/// Whether what the API needs beside its database is there; asked by `/readyz`.
#[async_trait::async_trait]
pub trait Ready: Send + Sync {
    /// # Errors
    /// What does not answer, in words that may be shown to anybody.
    async fn ready(&self) -> Result<(), String>;
}

/// Nothing beside the database is needed.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysReady;

#[async_trait::async_trait]
impl Ready for AlwaysReady {
    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }
}

/// How the API is served.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Threads that serve.
    pub workers: usize,
    /// What `/readyz` asks beside the database.
    pub ready: Arc<dyn Ready>,
    /// Counts requests together with other processes.
    pub counter: Arc<dyn Counter>,
}

impl Default for Options {
    /// A free port of this machine, two threads, and nothing needed beside the database.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 2,
            ready: Arc::new(AlwaysReady),
            counter: Arc::new(rate_limit::Alone),
        }
    }
}

/// A server that has its port and does not serve yet: connections wait.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    workers: usize,
    ready: Arc<dyn Ready>,
    counter: Arc<dyn Counter>,
}

/// Requests in flight have so long to end once the server is told to stop.
const STOPPING_SECONDS: u64 = 30;

/// Takes the port.
///
/// # Errors
/// The address is taken or is not ours.
pub fn bind(options: Options) -> io::Result<Bound> {
    let listener = TcpListener::bind(options.listen)?;
    Ok(Bound {
        address: listener.local_addr()?,
        listener,
        workers: options.workers.max(1),
        ready: options.ready,
        counter: options.counter,
    })
}

/// Binds, and serves until `stop`; then ends what is in flight.
///
/// # Errors
/// As [`bind`] and [`Bound::run`].
pub async fn serve(service: Service, options: Options, stop: CancellationToken) -> io::Result<()> {
    bind(options)?.run(service, stop).await
}

impl Bound {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then takes no new connections and ends what is in flight. Runs on any tokio runtime; the
    /// workers have threads of their own. Signals are the caller's business.
    ///
    /// # Errors
    /// The listener cannot be served.
    pub async fn run(self, service: Service, stop: CancellationToken) -> io::Result<()> {
        let address = self.address;
        let mut server = self.start(service)?;
        tracing::info!("serving on http://{address}");
        let handle = server.handle();
        let ended = tokio::select! {
            result = &mut server => result,
            () = stop.cancelled() => future::join(server, handle.stop(true)).await.0,
        };
        tracing::info!("stopped serving on http://{address}");
        ended
    }

    fn start(self, service: Service) -> io::Result<actix_web::dev::Server> {
        let Self {
            listener,
            workers,
            ready,
            counter,
            ..
        } = self;
        let limits = &service.settings().limits;
        let limiter = Data::new(Limiter::new(limits, counter));
        let load = Data::new(Load::new(limits));
        Ok(HttpServer::new(move || {
            App::new()
                .app_data(ThinData(service.clone()))
                .app_data(Data::from(ready.clone()))
                .app_data(limiter.clone())
                .app_data(load.clone())
                .configure(routing::configure)
                .wrap(Compress::default())
                .wrap(from_fn(headers::finish))
                .wrap(TracingLogger::<Spans>::new())
        })
        .workers(workers)
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(STOPPING_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run())
    }
}
