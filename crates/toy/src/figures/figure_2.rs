//! Figure 2: why guidance by a weaker model works, in a close view of a few branches.

use foil_diffusion::Sigma;
use foil_drawing::{
    Area, Canvas, Figure, PathData,
    colour::{DIVERGING, INK, SEQUENTIAL},
};

use super::{
    Density, FigureError, View, colour,
    density::VisibleDensity,
    marks::{arrows, dots, lines},
    outline::{Backdrop, draw_edge, draw_regions},
    panel::{ColourBar, LEGEND, Slot},
};
use crate::Point;

/// A part of class A with branches that end, which is where guidance has most to do.
pub const ZOOM: View = View::new([0.85, 1.18], 0.38);

/// What Figure 2 shows.
#[derive(Clone, Copy)]
pub struct ZoomInput<'a> {
    /// The part of the plane that is shown, as [`ZOOM`].
    pub view: View,
    /// The main model.
    pub strong: Density<'a>,
    /// The guiding model.
    pub weak: Density<'a>,
    /// The noise level at which densities and scores are shown: 0.06 blurs the branches of [`ZOOM`]
    /// without merging them.
    pub sigma: Sigma,
    /// The noise level at which the trajectories start.
    pub start: Sigma,
    /// The weight of the guided trajectories.
    pub weight: f64,
    /// Trajectories of the main model alone, each from its start to its end.
    pub unguided: &'a [Vec<Point>],
    /// Trajectories with guidance from the same starts.
    pub guided: &'a [Vec<Point>],
}

const SIZE: f64 = 226.0;
const GAP: f64 = 11.0;
const MARGIN: f64 = 13.0;
const TOP: f64 = 50.0;
const BELOW: f64 = 60.0;
/// Arrows along a side of a panel.
const ARROWS: usize = 12;
/// The logarithm of the ratio at which its colours end.
const LIMIT: f32 = 2.0;

const TRAJECTORY: &str = "fill='none' stroke='#1f5fa8' stroke-opacity='0.6' stroke-width='0.6'";
const END: &str = "fill='none' stroke='#000000' stroke-width='2.4' stroke-linecap='round'";

/// Five panels: the densities of both models at a noise level with their scores, their ratio with
/// its gradient, and trajectories without and with guidance.
pub fn figure_2(input: &ZoomInput<'_>) -> Result<Figure, FigureError> {
    let backdrop = Backdrop::new(input.view)?;
    let mut canvas = Canvas::default();
    backdrop.define(&mut canvas, SIZE);
    densities(&mut canvas, input)?;
    trajectories(&mut canvas, input)?;
    legends(&mut canvas);
    Ok(canvas.finish(2.0 * MARGIN + 5.0 * (SIZE + GAP) - GAP, TOP + SIZE + BELOW))
}

fn slot(column: usize) -> Slot {
    Slot {
        left: MARGIN + column as f64 * (SIZE + GAP),
        top: TOP,
        size: SIZE,
    }
}

/// One of the panels with a heat map and arrows.
struct Column {
    title: &'static str,
    subtitle: &'static str,
    picture: Vec<u8>,
    vectors: Vec<Point>,
}

fn columns(input: &ZoomInput<'_>, points: &[Point]) -> Result<[Column; 3], FigureError> {
    let ZoomInput {
        view,
        strong,
        weak,
        sigma,
        ..
    } = *input;
    let strong_density = VisibleDensity::new(strong, view, sigma)?;
    let weak_density = VisibleDensity::new(weak, view, sigma)?;
    let ((_, strong_scores), (_, weak_scores)) = (strong(points, sigma), weak(points, sigma));
    let difference = |(strong, weak): (&Point, &Point)| [strong[0] - weak[0], strong[1] - weak[1]];
    let guidance = strong_scores
        .iter()
        .zip(&weak_scores)
        .map(difference)
        .collect();
    Ok([
        Column {
            title: "Main model",
            subtitle: "density and score",
            picture: strong_density.picture()?,
            vectors: strong_scores,
        },
        Column {
            title: "Guiding model",
            subtitle: "density and score",
            picture: weak_density.picture()?,
            vectors: weak_scores,
        },
        Column {
            title: "Main / guiding",
            subtitle: "log ratio and gradient",
            picture: strong_density.ratio_picture(&weak_density, LIMIT)?,
            vectors: guidance,
        },
    ])
}

fn densities(canvas: &mut Canvas, input: &ZoomInput<'_>) -> Result<(), FigureError> {
    let points = input.view.lattice(ARROWS);
    let place = |point: &Point| input.view.place(point.map(f64::from), SIZE);
    let places: Vec<[f64; 2]> = points.iter().map(place).collect();
    for (index, column) in columns(input, &points)?.iter().enumerate() {
        let slot = slot(index);
        let arrows = arrows(&places, &column.vectors, 0.95 * SIZE / ARROWS as f64)?;
        slot.titles(
            canvas,
            column.title,
            &format!("{}, σ = {}", column.subtitle, input.sigma),
        );
        slot.draw(canvas, |panel| {
            slot.heat_map(panel, &column.picture);
            draw_edge(panel);
            panel.path(
                &arrows,
                &format!("fill='{INK}' stroke='{INK}' stroke-width='0.8'"),
            );
        });
    }
    Ok(())
}

fn trajectories(canvas: &mut Canvas, input: &ZoomInput<'_>) -> Result<(), FigureError> {
    let guided = format!("Guidance, w = {}", input.weight);
    let columns = [("No guidance", input.unguided), (&guided, input.guided)];
    for (column, (title, trajectories)) in (3..).zip(columns) {
        let slot = slot(column);
        let ends: Vec<Point> = trajectories
            .iter()
            .filter_map(|points| points.last().copied())
            .collect();
        let (lines, ends) = (
            lines(trajectories, input.view, SIZE)?,
            dots(&ends, input.view, SIZE)?,
        );
        slot.titles(
            canvas,
            title,
            &format!("trajectories from σ = {}", input.start),
        );
        slot.draw(canvas, |panel| {
            draw_regions(panel);
            panel.path(&lines, TRAJECTORY);
            panel.path(&ends, END);
        });
    }
    Ok(())
}

fn legends(canvas: &mut Canvas) {
    let top = TOP + SIZE + 14.0;
    let density = ColourBar {
        map: &SEQUENTIAL,
        caption: "density",
        labels: &["0", "highest"],
    };
    density.draw(
        canvas,
        "density",
        [0.5 * (slot(0).middle() + slot(1).middle()), top],
        170.0,
    );
    let labels = ["−2", "−1", "0", "1", "2"];
    let ratio = ColourBar {
        map: &DIVERGING,
        caption: "ln (main / guiding)",
        labels: &labels,
    };
    ratio.draw(canvas, "ratio", [slot(2).middle(), top], 170.0);
    trajectory_legend(canvas, 0.5 * (slot(3).middle() + slot(4).middle()), top);
}

/// A small trajectory with its end, and the edge of the class.
fn trajectory_legend(canvas: &mut Canvas, middle: f64, top: f64) {
    let mut line = PathData::default();
    let [sampled, trajectory] = [middle - 180.0, middle + 10.0];
    line.line([
        [trajectory, top + 2.0],
        [trajectory + 12.0, top + 4.0],
        [trajectory + 20.0, top + 8.0],
    ]);
    let mut end = PathData::default();
    end.dot([trajectory + 20.0, top + 8.0]);
    canvas.path(&line, TRAJECTORY);
    canvas.path(&end, END);
    canvas.text(
        [trajectory + 28.0, top + 9.5],
        LEGEND,
        "trajectory and its end",
    );
    let swatch = Area {
        left: sampled,
        top,
        width: 18.0,
        height: 10.0,
    };
    let (fill, stroke) = (colour::BOTH_CLASSES, colour::SAMPLED_CLASS);
    canvas.rectangle(
        swatch,
        &format!("fill='{fill}' stroke='{stroke}' stroke-width='1'"),
    );
    canvas.text([sampled + 25.0, top + 9.5], LEGEND, "99 % of class A");
}
