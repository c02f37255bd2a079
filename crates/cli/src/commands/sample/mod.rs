//! `foil sample`: images of a network, guided by another one or not.

mod grid;
mod job;
mod networks;
mod raw;
mod record;
mod resolve;
mod settings;

pub use job::run;
pub use networks::EXPECTED_BATCH;
pub use resolve::precision;
