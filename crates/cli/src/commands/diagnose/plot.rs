//! The picture of a diagnosis: sizes, correlation, angle, each against the noise level.

use foil_drawing::{
    Anchor, Area, Canvas, Figure, Lettering, PathData,
    colour::{FAINT_INK, INK},
};

use super::report::{Diagnosis, Level};

const WIDTH: f64 = 268.0;
const HEIGHT: f64 = 200.0;
const GAP: f64 = 58.0;
const LEFT: f64 = 54.0;
const TOP: f64 = 66.0;
const BELOW: f64 = 50.0;
const RIGHT: f64 = 18.0;

const MAIN: &str = "#1f5fa8";
const GUIDE: &str = "#e07b00";

const TITLE: Lettering = Lettering {
    size: 14.5,
    anchor: Anchor::Middle,
    bold: true,
    colour: INK,
};
const SMALL: Lettering = Lettering {
    size: 11.0,
    anchor: Anchor::Middle,
    bold: false,
    colour: FAINT_INK,
};

/// What a panel's height means.
enum Scale {
    /// Between powers of ten.
    Decades(f64, f64),
    /// Evenly, with the numbers that are written beside it.
    Even(&'static [f64], &'static str),
}

/// A line through the levels that have a value.
struct Curve<'a> {
    colour: &'static str,
    name: &'a str,
    value: &'a dyn Fn(&Level) -> Option<f64>,
}

/// Three panels.
pub fn figure(diagnosis: &Diagnosis) -> Figure {
    let mut canvas = Canvas::default();
    let width = LEFT + 3.0 * (WIDTH + GAP) - GAP + RIGHT;
    let heading = format!(
        "{} guided by {}: errors from {}",
        diagnosis.main, diagnosis.guide, diagnosis.truth
    );
    canvas.text([0.5 * width, 22.0], TITLE, &heading);
    let curve = |colour, name, value| Curve {
        colour,
        name,
        value,
    };
    let sizes = [
        curve(MAIN, "main error", &|level: &Level| Some(level.main_error)),
        curve(GUIDE, "guide error", &|level| Some(level.guide_error)),
        curve(INK, "‖Δ‖", &|level| Some(level.difference)),
    ];
    let correlation = [curve(MAIN, "", &|level| level.correlation)];
    let angle = [curve(MAIN, "", &|level| level.angle)];
    let decades = decades(diagnosis, &sizes);
    let panels: [(&str, Scale, &[Curve<'_>]); 3] = [
        ("Root mean squares", decades, &sizes),
        (
            "Correlation of the errors",
            Scale::Even(&[-1.0, -0.5, 0.0, 0.5, 1.0], ""),
            &correlation,
        ),
        (
            "Angle of Δ to the truth",
            Scale::Even(&[0.0, 45.0, 90.0, 135.0, 180.0], "°"),
            &angle,
        ),
    ];
    for (column, (title, scale, curves)) in panels.into_iter().enumerate() {
        let panel = Panel {
            left: LEFT + column as f64 * (WIDTH + GAP),
            sigmas: sigma_decades(diagnosis),
            scale,
        };
        panel.draw(&mut canvas, title);
        panel.curves(&mut canvas, diagnosis, curves);
    }
    canvas.finish(width, TOP + HEIGHT + BELOW)
}

struct Panel {
    left: f64,
    /// Logarithms of the ends of the axis.
    sigmas: [f64; 2],
    scale: Scale,
}

impl Panel {
    fn place(&self, sigma: f64, value: f64) -> [f64; 2] {
        let [first, last] = self.sigmas;
        let (low, high, value) = match self.scale {
            Scale::Decades(low, high) => (low, high, value.max(f64::MIN_POSITIVE).log10()),
            Scale::Even(ticks, _) => (ticks[0], ticks[ticks.len() - 1], value),
        };
        let right = (sigma.log10() - first) / (last - first);
        let up = ((value - low) / (high - low)).clamp(0.0, 1.0);
        [self.left + WIDTH * right, TOP + HEIGHT * (1.0 - up)]
    }

    /// Frame, title, ticks.
    fn draw(&self, canvas: &mut Canvas, title: &str) {
        canvas.text([self.left + 0.5 * WIDTH, TOP - 10.0], TITLE, title);
        let area = Area {
            left: self.left,
            top: TOP,
            width: WIDTH,
            height: HEIGHT,
        };
        canvas.rectangle(
            area,
            &format!("fill='none' stroke='{FAINT_INK}' stroke-width='0.75'"),
        );
        let [first, last] = self.sigmas;
        let mut grid = PathData::default();
        for decade in whole(first, last) {
            let sigma = 10_f64.powf(decade);
            let [x, _] = self.place(sigma, 1.0);
            grid.line([[x, TOP], [x, TOP + HEIGHT]]);
            canvas.text([x, TOP + HEIGHT + 16.0], SMALL, &format!("{sigma}"));
        }
        canvas.text([self.left + 0.5 * WIDTH, TOP + HEIGHT + 34.0], SMALL, "σ");
        let ticks: Vec<(f64, String)> = match self.scale {
            Scale::Decades(low, high) => whole(low, high)
                .map(|decade| (10_f64.powf(decade), format!("1e{decade}")))
                .collect(),
            Scale::Even(ticks, unit) => ticks
                .iter()
                .map(|tick| (*tick, format!("{tick}{unit}")))
                .collect(),
        };
        let beside = Lettering {
            anchor: Anchor::End,
            ..SMALL
        };
        for (value, text) in ticks {
            let [_, y] = self.place(1.0, value);
            grid.line([[self.left, y], [self.left + WIDTH, y]]);
            canvas.text([self.left - 6.0, y + 4.0], beside, &text);
        }
        canvas.path(&grid, "fill='none' stroke='#e6e6e6' stroke-width='0.75'");
    }

    fn curves(&self, canvas: &mut Canvas, diagnosis: &Diagnosis, curves: &[Curve<'_>]) {
        for (row, curve) in curves.iter().enumerate() {
            let levels = diagnosis.levels.iter();
            let points: Vec<[f64; 2]> = levels
                .filter_map(|level| Some(self.place(level.sigma, (curve.value)(level)?)))
                .collect();
            let (mut line, mut dots) = (PathData::default(), PathData::default());
            line.line(points.iter().copied());
            for point in points {
                dots.dot(point);
            }
            let colour = curve.colour;
            let paint = |width: f64| {
                format!(
                    "fill='none' stroke='{colour}' stroke-width='{width}' stroke-linecap='round'"
                )
            };
            canvas.path(&line, &paint(1.4));
            canvas.path(&dots, &paint(4.5));
            let name = Lettering {
                anchor: Anchor::Start,
                colour,
                ..SMALL
            };
            let below = TOP + 16.0 + 15.0 * row as f64;
            canvas.text([self.left + 8.0, below], name, curve.name);
        }
    }
}

/// Whole numbers between two others.
fn whole(low: f64, high: f64) -> impl Iterator<Item = f64> {
    (low.ceil() as i32..=high.floor() as i32).map(f64::from)
}

fn sigma_decades(diagnosis: &Diagnosis) -> [f64; 2] {
    let sigmas = diagnosis.levels.iter().map(|level| level.sigma.log10());
    let (low, high) = ends(sigmas);
    [low - 0.1, high + 0.1]
}

/// The powers of ten around all values.
fn decades(diagnosis: &Diagnosis, curves: &[Curve<'_>]) -> Scale {
    let of = |level: &Level| {
        let values: Vec<f64> = curves
            .iter()
            .filter_map(|curve| (curve.value)(level))
            .collect();
        values
    };
    let values = diagnosis.levels.iter().flat_map(of);
    let (low, high) = ends(values.filter(|value| *value > 0.0).map(f64::log10));
    Scale::Decades(low.floor(), high.ceil().max(low.floor() + 1.0))
}

/// The least and the greatest number; 0 and 1 of none.
fn ends(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers
        .filter(|number| number.is_finite())
        .fold(None, |ends: Option<(f64, f64)>, number| {
            let (low, high) = ends.unwrap_or((number, number));
            Some((low.min(number), high.max(number)))
        })
        .unwrap_or((0.0, 1.0))
}
