//! Figure 1: what each way of sampling does to the distribution.

use foil_drawing::{Area, Canvas, Figure, PathData};

use super::{
    FigureError, colour,
    marks::dots,
    outline::{Backdrop, draw_regions, whole_view},
    panel::{LEGEND, Slot},
};
use crate::Point;

/// The samples of one panel.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// The method.
    pub title: &'a str,
    /// Its settings, as "w = 3"; may be empty.
    pub subtitle: &'a str,
    /// Samples of class A.
    pub points: &'a [Point],
}

const SIZE: f64 = 226.0;
const GAP: f64 = 11.0;
const MARGIN: f64 = 13.0;
const TOP: f64 = 50.0;
const BELOW: f64 = 38.0;
const DOT: &str = "stroke-width='0.7' stroke-linecap='round' stroke-opacity='0.8'";

/// A panel beside the other: samples as dots, over the regions with 99 % of the mass of both
/// classes and of class A.
pub fn figure_1(panels: &[Panel<'_>]) -> Result<Figure, FigureError> {
    let backdrop = Backdrop::new(whole_view())?;
    let mut canvas = Canvas::default();
    backdrop.define(&mut canvas, SIZE);
    for (index, panel) in panels.iter().enumerate() {
        let slot = Slot {
            left: MARGIN + index as f64 * (SIZE + GAP),
            top: TOP,
            size: SIZE,
        };
        let data = dots(panel.points, backdrop.view(), SIZE)?;
        slot.titles(&mut canvas, panel.title, panel.subtitle);
        slot.draw(&mut canvas, |panel| {
            draw_regions(panel);
            panel.path(&data, &format!("fill='none' stroke='#000000' {DOT}"));
        });
    }
    // The legend needs the width of three panels.
    let columns = panels.len().max(3) as f64;
    let width = 2.0 * MARGIN + columns * (SIZE + GAP) - GAP;
    legend(&mut canvas, 0.5 * width, TOP + SIZE + 22.0);
    Ok(canvas.finish(width, TOP + SIZE + BELOW))
}

/// One line in the middle.
fn legend(canvas: &mut Canvas, middle: f64, base: f64) {
    let [both, sampled, samples] = [-330.0, -115.0, 190.0].map(|offset| middle + offset);
    let swatch = |left: f64| Area {
        left,
        top: base - 9.5,
        width: 18.0,
        height: 10.0,
    };
    let (fill, edge) = (colour::BOTH_CLASSES, colour::BOTH_CLASSES_EDGE);
    canvas.rectangle(
        swatch(both),
        &format!("fill='{fill}' stroke='{edge}' stroke-width='0.5'"),
    );
    canvas.text([both + 25.0, base], LEGEND, "99 % of both classes");
    canvas.rectangle(
        swatch(sampled),
        &format!(
            "fill='none' stroke='{}' stroke-width='1'",
            colour::SAMPLED_CLASS
        ),
    );
    canvas.text(
        [sampled + 25.0, base],
        LEGEND,
        "99 % of class A, which is sampled",
    );
    let mut dots = PathData::default();
    for [right, up] in [[2.0, 1.0], [6.0, 7.0], [9.0, 3.5], [14.0, 6.0], [16.5, 1.5]] {
        dots.dot([samples + right, base - up]);
    }
    canvas.path(
        &dots,
        "fill='none' stroke='#000000' stroke-width='1.2' stroke-linecap='round'",
    );
    canvas.text([samples + 25.0, base], LEGEND, "samples");
}
