//! The networks and the readers of files, against published facts and what other programs computed.

mod plan;
mod preset;
