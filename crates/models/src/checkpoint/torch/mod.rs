//! What PyTorch writes: tensors as views of storages, in a zip archive, in its older streams, or in such streams inside of
//! another pickle.

mod archive;
mod dictionary;
mod legacy;
mod storage;
mod tensors;

pub(crate) use archive::Archive;
pub(crate) use dictionary::{Names, state_dictionary};
pub(crate) use legacy::{Stream, is_stream};
pub(crate) use tensors::Tensors;
