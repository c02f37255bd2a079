//! Figure 9: the densities that two models imply at several noise levels, and what guidance makes
//! of their ratio.

use foil_diffusion::Sigma;
use foil_drawing::{
    Anchor, Area, Canvas, Figure, Lettering,
    colour::{self, DIVERGING, SEQUENTIAL},
};

use super::{
    Density, FigureError, View,
    density::VisibleDensity,
    outline::{Backdrop, draw_edge, whole_view},
    panel::{ColourBar, LEGEND, SUBTITLE, Slot, TITLE},
};

/// Two models whose ratio guides: a block of three columns.
#[derive(Clone, Copy)]
pub struct Comparison<'a> {
    /// The method, as "Autoguidance".
    pub title: &'a str,
    /// What the guiding model is, as "guide: class A, width 32, 512 iterations"; may be empty.
    pub subtitle: &'a str,
    /// The main model.
    pub strong: Density<'a>,
    /// The guiding model.
    pub weak: Density<'a>,
}

const SIZE: f64 = 176.0;
const GAP: f64 = 7.0;
const MARGIN: f64 = 14.0;
/// Room for the noise levels left of the panels.
const LABELS: f64 = 58.0;
const BETWEEN_BLOCKS: f64 = 30.0;
const TOP: f64 = 72.0;
const BELOW: f64 = 62.0;
/// The logarithm of the ratio at which its colours end.
const LIMIT: f32 = 3.0;
const COLUMNS: [&str; 3] = ["Main model", "Guiding model", "Main / guiding"];

/// A row for each noise level and a block for each comparison.
pub fn figure_9(comparisons: &[Comparison<'_>], sigmas: &[Sigma]) -> Result<Figure, FigureError> {
    let backdrop = Backdrop::new(whole_view())?;
    let mut canvas = Canvas::default();
    backdrop.define(&mut canvas, SIZE);
    for (row, sigma) in sigmas.iter().enumerate() {
        let first = slot(0, 0, row);
        let label = Lettering {
            anchor: Anchor::End,
            colour: colour::INK,
            ..SUBTITLE
        };
        canvas.text(
            [first.left - 10.0, first.top + 0.5 * SIZE + 4.5],
            label,
            &format!("σ = {sigma}"),
        );
    }
    for (block, comparison) in comparisons.iter().enumerate() {
        headings(&mut canvas, block, comparison);
        for (row, sigma) in sigmas.iter().enumerate() {
            densities(&mut canvas, backdrop.view(), comparison, *sigma, |column| {
                slot(block, column, row)
            })?;
        }
    }
    let below = TOP + sigmas.len() as f64 * (SIZE + GAP) - GAP;
    let last = slot(comparisons.len().max(1) - 1, COLUMNS.len() - 1, 0);
    legends(
        &mut canvas,
        [0.5 * (slot(0, 0, 0).left + last.left + SIZE), below + 14.0],
    );
    Ok(canvas.finish(last.left + SIZE + MARGIN, below + BELOW))
}

fn slot(block: usize, column: usize, row: usize) -> Slot {
    let across = (block * COLUMNS.len() + column) as f64 * (SIZE + GAP)
        + block as f64 * (BETWEEN_BLOCKS - GAP);
    Slot {
        left: MARGIN + LABELS + across,
        top: TOP + row as f64 * (SIZE + GAP),
        size: SIZE,
    }
}

fn headings(canvas: &mut Canvas, block: usize, comparison: &Comparison<'_>) {
    let middle = slot(block, 1, 0).middle();
    canvas.text([middle, TOP - 48.0], TITLE, comparison.title);
    canvas.text([middle, TOP - 30.0], SUBTITLE, comparison.subtitle);
    for (column, heading) in COLUMNS.into_iter().enumerate() {
        let lettering = Lettering {
            colour: colour::INK,
            ..SUBTITLE
        };
        canvas.text(
            [slot(block, column, 0).middle(), TOP - 8.0],
            lettering,
            heading,
        );
    }
}

fn densities(
    canvas: &mut Canvas,
    view: View,
    comparison: &Comparison<'_>,
    sigma: Sigma,
    slot: impl Fn(usize) -> Slot,
) -> Result<(), FigureError> {
    let strong = VisibleDensity::new(comparison.strong, view, sigma)?;
    let weak = VisibleDensity::new(comparison.weak, view, sigma)?;
    let ratio = strong.likely_ratio_picture(&weak, LIMIT)?;
    let pictures = [strong.picture()?, weak.picture()?, ratio];
    for (column, picture) in pictures.iter().enumerate() {
        let slot = slot(column);
        slot.draw(canvas, |panel| {
            slot.heat_map(panel, picture);
            draw_edge(panel);
        });
    }
    Ok(())
}

fn legends(canvas: &mut Canvas, [middle, top]: [f64; 2]) {
    let density = ColourBar {
        map: &SEQUENTIAL,
        caption: "density",
        labels: &["0", "highest"],
    };
    density.draw(canvas, "density", [middle - 240.0, top], 170.0);
    let labels = ["−3", "−2", "−1", "0", "1", "2", "3"];
    let ratio = ColourBar {
        map: &DIVERGING,
        caption: "ln (main / guiding)",
        labels: &labels,
    };
    ratio.draw(canvas, "ratio", [middle, top], 170.0);
    let swatch = Area {
        left: middle + 155.0,
        top,
        width: 18.0,
        height: 10.0,
    };
    let [red, green, blue] = colour::BLANK;
    canvas.rectangle(
        swatch,
        &format!(
            "fill='rgb({red},{green},{blue})' stroke='{}' stroke-width='0.5'",
            colour::FAINT_INK
        ),
    );
    canvas.text(
        [swatch.left + 25.0, top + 9.5],
        LEGEND,
        "both densities negligible",
    );
}
