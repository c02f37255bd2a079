//! What is said while a file is fetched, and how a fetch is stopped.

use std::ops::ControlFlow;

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another process is fetching this file; said several times a second.
    Waiting {
        /// Where the file comes from.
        address: &'a str,
    },
    /// Bytes begin to arrive.
    Started {
        /// Where the file comes from.
        address: &'a str,
        /// Bytes that an earlier attempt left.
        kept: u64,
        /// Bytes of the whole file, where the server says.
        total: Option<u64>,
    },
    /// Bytes have arrived.
    Received {
        /// Bytes that are here, earlier ones included.
        bytes: u64,
    },
    /// The file has changed since an earlier attempt, whose bytes are thrown away.
    Changed,
    /// The connection broke and is tried again.
    Broken {
        /// How.
        problem: &'a str,
    },
    /// The whole file is here.
    Finished {
        /// Its size.
        bytes: u64,
    },
}

/// Whoever watches, and may stop, a fetch; what has arrived is kept.
pub trait Observer {
    /// Called for each event.
    fn notice(&mut self, event: Event<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(Event<'_>) -> ControlFlow<()>> Observer for F {
    fn notice(&mut self, event: Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}

/// Tells the observer and turns its wish to stop into an error.
pub(crate) fn tell(observer: &mut dyn Observer, event: Event<'_>) -> crate::Result<()> {
    match observer.notice(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(crate::Error::Interrupted),
    }
}
