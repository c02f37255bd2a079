//! The networks and the readers of files, against published facts and what other programs computed.

mod autoencoder;
mod golden;
mod plan;
mod preset;
