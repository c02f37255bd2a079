//! The networks and the readers of files, against published facts and what other programs computed.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod autoencoder;
mod bundled;
mod checkpoint;
mod dinov2;
mod edm2;
mod formula;
mod golden;
mod inception;
mod pixels;
mod plan;
mod preset;
