//! Guidance as text: `auto:2.1@0.2..5+cfg:4,apg(eta=0,norm=2.5,momentum=-0.75),rescale(share=0.7)`.
//!
//! ```text
//! guidance := ("none" | term ("+" term)*) ("," finish)*
//! term     := guide keys? ":" weight ("~" schedule keys?)? ("@" low ".." high ("/" gate)?)? ("," shape)*
//! shape    := name keys?          finish := name keys?
//! keys     := "(" (key "=")? value ("," (key "=")? value)* ")"
//! gate     := "step" | "evaluation"
//! ```
//!
//! What follows a comma is told by its name: a shape belongs to the term before it, a finish to the whole estimate and comes
//! after all terms. A value without a key is the method's first key. Spaces may stand between any two parts. The canonical
//! text, which `Display` writes, has no spaces and names every key, so that it still means the same when a default changes.

mod cursor;
mod error;
mod grammar;
mod keys;
mod method;

pub use error::TextError;

pub(super) use grammar::plan;
pub(super) use keys::{Allowed, Keys, number, words};
pub(super) use method::{Method, Read, methods, read, write};

pub(super) use cursor::Cursor;
