//! Traced values: each of their operations in one table, against its definition in `f64` with candle's own gradients; what a
//! history adds to that; and what is refused.

mod case;
mod history;
mod laws;
mod refusals;
mod table;
