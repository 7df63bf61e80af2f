//! Closing a connection without an answer.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;

use actix_web::dev::Extensions;

/// A second handle to a connection's socket, able to close it under the server's hands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Option<Arc<TcpStream>>);

impl Cut {
    /// Keeps a handle to a new connection among its data; for the server's `on_connect`.
    pub(crate) fn remember(connection: &dyn Any, data: &mut Extensions) {
        let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
        let handle = stream.and_then(|stream| stream.as_fd().try_clone_to_owned().ok());
        data.insert(Self(handle.map(|handle| Arc::new(TcpStream::from(handle)))));
    }

    /// Closes the connection both ways: the client sees its end before any byte of an answer, and
    /// whatever the server still writes goes nowhere.
    pub(crate) fn close(&self) {
        if let Some(stream) = &self.0 {
            // A connection that the client has already closed needs no closing.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
