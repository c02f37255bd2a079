//! Drawings: shapes, images and text on a page.
//!
//! A drawing is written once, as SVG; the PNG is that SVG rasterised with the font bundled in `assets/`, so both are the same
//! drawing on every machine. What is drawn, and where, is decided elsewhere.

mod canvas;
mod chart;
pub mod colour;
mod error;
mod figure;
mod path;

pub use canvas::{Anchor, Area, Canvas, Lettering};
pub use chart::{Chart, Point, Scale, Series};
pub use error::DrawingError;
pub use figure::{Figure, Raster, encode_png};
pub use path::PathData;
