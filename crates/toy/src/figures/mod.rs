//! The paper's figures drawn from our own models: samples, a close view of guidance, and implied
//! densities.
//!
//! What is drawn is passed in as points and as functions from points to densities: nothing here
//! trains or samples.

mod colour;
mod density;
mod error;
mod figure_1;
mod figure_2;
mod figure_9;
mod marks;
mod outline;
mod panel;
mod view;

pub use density::Density;
pub use error::FigureError;
pub use figure_1::{Panel, figure_1};
pub use figure_2::{ZOOM, ZoomInput, figure_2};
pub use figure_9::{Comparison, figure_9};
pub use foil_drawing::Figure;
pub use view::View;
