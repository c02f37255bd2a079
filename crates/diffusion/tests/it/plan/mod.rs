//! Composed guidance: its text, its laws over a table of all methods, its values by an independent program, and closed forms.

mod at_work;
mod classifier;
mod counts;
mod golden;
mod laws;
mod plus_plus;
mod table;
mod text;
mod weights;
