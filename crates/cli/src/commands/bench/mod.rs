//! `foil bench`: the speed of parts, each beside another program's and beside what the processor could do.

mod candle;
mod case;
pub mod evaluate;
mod foil;
pub mod guidance;
pub mod net;
pub mod ops;
pub mod train;
mod trajectory;
mod truth;
