//! NVIDIA's network pickles: objects that carry the text of the program that made them, which is never looked at. A class is
//! known by its name alone.

mod encoder;
mod module;
mod network;

pub(crate) use module::{Persistent, module_tensors};
pub(crate) use network::network;
