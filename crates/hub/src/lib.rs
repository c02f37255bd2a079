//! Files from elsewhere, fetched once and kept: plain addresses in Foil's own cache, repositories of the Hugging Face hub in the
//! hub's cache and its layout, so that what other programs fetched is found here and the other way round.
//!
//! Knows nothing of networks or presets, and no other crate of the workspace opens a connection.
//!
//! ```no_run
//! use foil_hub::{Environment, Event, Source, Store};
//! use std::ops::ControlFlow;
//!
//! let store = Store::new(Environment::of_process())?;
//! let source = Source::parse("hf://owner/repository/weights.safetensors@main")?.expect("begins with hf://");
//! let path = store.fetch(&source, &mut |event: Event<'_>| ControlFlow::Continue(()))?;
//! # Ok::<(), foil_hub::Error>(())
//! ```

mod address;
mod client;
mod digest;
mod download;
mod environment;
mod error;
mod event;
mod place;
mod repository;
mod source;
mod store;

pub use address::Address;
pub use environment::{Environment, Token};
pub use error::{Error, Result};
pub use event::{Event, Observer};
pub use source::{RepositoryFile, Source};
pub use store::Store;
