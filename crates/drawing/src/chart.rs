//! Lines over two axes: numbers that depend on another one, by several methods.

use crate::{Anchor, Area, Canvas, Figure, Lettering, PathData, colour};

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below the horizontal axis.
    pub across: String,
    /// Above the vertical axis.
    pub up: String,
    /// Of the horizontal and the vertical axis.
    pub scales: [Scale; 2],
    /// The lines.
    pub series: Vec<Series>,
}

/// What is as far apart on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Numbers with the same difference.
    #[default]
    Linear,
    /// Numbers with the same ratio; what is not above 0 is left out.
    Logarithmic,
}

/// One line, or points of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
    /// Whether neighbours are joined.
    pub joined: bool,
}

/// A number with its margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How much.
    pub y: f64,
    /// The number is between this much less and this much more; 0 if nothing is known.
    pub margin: f64,
}

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 70.0;
const TOP: f64 = 58.0;
const BELOW: f64 = 56.0;
const LINE: f64 = 19.0;
const TEXT: f64 = 12.5;
/// Width of a character; most are narrower.
const CHARACTER: f64 = 0.62 * TEXT;

/// Told apart by people who see colours differently (Okabe & Ito 2008), the last ones repeated with other marks.
const COLOURS: [&str; 8] = [
    "#000000", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b5a2b",
];

impl Chart {
    /// Draws it; numbers that are none are left out.
    pub fn figure(&self) -> Figure {
        let mut canvas = Canvas::default();
        let points = || self.series.iter().flat_map(|series| &series.points);
        let seen = || points().filter(|point| self.shows(point));
        let [of_x, of_y] = self.scales;
        let across = Axis::of(of_x, seen().map(|point| [point.x, point.x]));
        let ends = |point: &Point| [point.y - point.margin, point.y + point.margin];
        let up = Axis::of(of_y, seen().map(ends));
        self.frame(&mut canvas, &across, &up);
        let place = |x: f64, y: f64| {
            [
                LEFT + across.share(x) * WIDTH,
                TOP + (1.0 - up.share(y)) * HEIGHT,
            ]
        };
        for (number, series) in self.series.iter().enumerate() {
            let seen = series.points.iter().filter(|point| self.shows(point));
            series.draw(seen.collect(), &mut canvas, Style::of(number), &place);
            let y = TOP + 10.0 + LINE * number as f64;
            let key = [LEFT + WIDTH + 24.0, y];
            Style::of(number).mark(&mut canvas, key);
            let lettering = lettering(Anchor::Start, colour::INK);
            canvas.text([key[0] + 14.0, y + 4.5], lettering, &series.name);
        }
        let names = self.series.iter().map(|series| series.name.chars().count());
        let legend = 60.0 + CHARACTER * names.max().unwrap_or(0) as f64;
        let rows = TOP + LINE * self.series.len() as f64;
        canvas.finish(LEFT + WIDTH + legend, (TOP + HEIGHT).max(rows) + BELOW)
    }

    /// Whether a point has a place.
    fn shows(&self, point: &Point) -> bool {
        let [across, up] = self.scales;
        across.shows(point.x) && up.shows(point.y)
    }

    fn frame(&self, canvas: &mut Canvas, across: &Axis, up: &Axis) {
        let title = Lettering {
            size: 15.0,
            bold: true,
            ..lettering(Anchor::Start, colour::INK)
        };
        canvas.text([LEFT, 22.0], title, &self.title);
        let faint = |anchor| lettering(anchor, colour::FAINT_INK);
        let line = format!(
            "fill='none' stroke='{}' stroke-width='0.4'",
            colour::FAINT_INK
        );
        for tick in across.ticks() {
            let x = LEFT + across.share(tick) * WIDTH;
            let mut path = PathData::default();
            path.line([[x, TOP], [x, TOP + HEIGHT]]);
            canvas.path(&path, &line);
            let place = [x, TOP + HEIGHT + 17.0];
            canvas.text(place, faint(Anchor::Middle), &across.label(tick));
        }
        for tick in up.ticks() {
            let y = TOP + (1.0 - up.share(tick)) * HEIGHT;
            let mut path = PathData::default();
            path.line([[LEFT, y], [LEFT + WIDTH, y]]);
            canvas.path(&path, &line);
            canvas.text([LEFT - 8.0, y + 4.5], faint(Anchor::End), &up.label(tick));
        }
        let below = [LEFT + 0.5 * WIDTH, TOP + HEIGHT + 38.0];
        let ink = |anchor| lettering(anchor, colour::INK);
        canvas.text(below, ink(Anchor::Middle), &self.across);
        canvas.text([LEFT, TOP - 12.0], ink(Anchor::Start), &self.up);
    }
}

impl Scale {
    fn shows(self, number: f64) -> bool {
        number.is_finite() && (self == Self::Linear || number > 0.0)
    }
}

impl Series {
    fn draw(
        &self,
        seen: Vec<&Point>,
        canvas: &mut Canvas,
        style: Style,
        place: &impl Fn(f64, f64) -> [f64; 2],
    ) {
        if self.joined && seen.len() > 1 {
            let mut path = PathData::default();
            let line: Vec<[f64; 2]> = seen.iter().map(|point| place(point.x, point.y)).collect();
            path.line(line);
            canvas.path(
                &path,
                &format!("fill='none' stroke='{}' stroke-width='1.6'", style.colour),
            );
        }
        for point in seen {
            if point.margin > 0.0 {
                let mut path = PathData::default();
                let ends = [point.y - point.margin, point.y + point.margin];
                path.line(ends.map(|y| place(point.x, y)));
                canvas.path(
                    &path,
                    &format!("fill='none' stroke='{}' stroke-width='0.9'", style.colour),
                );
            }
            style.mark(canvas, place(point.x, point.y));
        }
    }
}

/// How the points of a series look.
#[derive(Clone, Copy)]
struct Style {
    colour: &'static str,
    hollow: bool,
}

impl Style {
    fn of(number: usize) -> Self {
        Self {
            colour: COLOURS[number % COLOURS.len()],
            hollow: number / COLOURS.len() % 2 == 1,
        }
    }

    fn mark(self, canvas: &mut Canvas, [x, y]: [f64; 2]) {
        const SIDE: f64 = 7.0;
        let area = Area {
            left: x - 0.5 * SIDE,
            top: y - 0.5 * SIDE,
            width: SIDE,
            height: SIDE,
        };
        let fill = if self.hollow { "#ffffff" } else { self.colour };
        let paint = format!("fill='{fill}' stroke='{}' stroke-width='1.6'", self.colour);
        canvas.rectangle(area, &paint);
    }
}

/// From the least to the largest number, with some room.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    /// Between two ticks: 1, 2 or 5 times a power of ten. Of no use where ratios count.
    step: f64,
}

impl Axis {
    fn of(scale: Scale, ranges: impl Iterator<Item = [f64; 2]>) -> Self {
        let whole = [f64::INFINITY, f64::NEG_INFINITY];
        let [low, high] = ranges.fold(whole, |[low, high], [from, to]| {
            [low.min(from), high.max(to)]
        });
        let (low, high) = match scale {
            Scale::Linear if low <= high => (low, high),
            Scale::Linear => (0.0, 1.0),
            Scale::Logarithmic if low <= high => (low.max(high * 1e-9), high),
            Scale::Logarithmic => (0.1, 10.0),
        };
        if scale == Scale::Logarithmic {
            let room = (high / low).powf(0.05).max(1.1);
            return Self {
                scale,
                low: low / room,
                high: high * room,
                step: 0.0,
            };
        }
        let room = match 0.05 * (high - low) {
            room if room > 0.0 => room,
            _ => 0.5 * high.abs().max(1e-9),
        };
        let (low, high) = (low - room, high + room);
        let rough = (high - low) / 6.0;
        let power = 10.0_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = step.into_iter().find(|step| *step >= rough);
        Self {
            scale,
            low,
            high,
            step: step.unwrap_or(power),
        }
    }

    /// Where a number lies, from 0 to 1.
    fn share(&self, number: f64) -> f64 {
        match self.scale {
            Scale::Linear => (number - self.low) / (self.high - self.low),
            Scale::Logarithmic => {
                (number.max(self.low) / self.low).ln() / (self.high / self.low).ln()
            }
        }
    }

    fn ticks(&self) -> Vec<f64> {
        if self.scale == Scale::Logarithmic {
            return self.decades();
        }
        let (step, first) = (self.step, (self.low / self.step).ceil());
        let count = ((self.high / step).floor() - first).max(0.0) as usize;
        (0..=count)
            .map(|index| (first + index as f64) * step)
            .collect()
    }

    /// Powers of ten, and between them 2 and 5 times these where there are few.
    fn decades(&self) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor(), self.high.log10().ceil());
        let factors: &[f64] = match last - first {
            few if few <= 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let decades = (first as i32..=last as i32).map(|power| 10.0_f64.powi(power));
        let ticks = decades.flat_map(|decade| factors.iter().map(move |factor| factor * decade));
        ticks
            .filter(|tick| (self.low..=self.high).contains(tick))
            .collect()
    }

    fn label(&self, number: f64) -> String {
        let smallest = match self.scale {
            Scale::Linear => self.step,
            Scale::Logarithmic => number,
        };
        let digits = (-smallest.log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{number:.digits$}").replace('-', "−")
    }
}

fn lettering(anchor: Anchor, colour: &'static str) -> Lettering {
    Lettering {
        size: TEXT,
        anchor,
        bold: false,
        colour,
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Chart, Point, Scale, Series};

    #[test]
    fn ticks_are_round_numbers_inside_the_axis() {
        for [low, high] in [[0.013, 0.084], [1.0, 3.0], [-5.0, 700.0], [2.0, 2.0]] {
            let axis = Axis::of(Scale::Linear, [[low, high]].into_iter());
            let ticks = axis.ticks();
            assert!((2..=8).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            for tick in ticks {
                assert!((0.0..=1.0).contains(&axis.share(tick)), "{tick}");
                let back: f64 = axis
                    .label(tick)
                    .replace('−', "-")
                    .parse()
                    .unwrap_or(f64::NAN);
                assert!(
                    (back - tick).abs() < 1e-9 * axis.step.max(1.0),
                    "{tick} {back}"
                );
            }
        }
    }

    #[test]
    fn ratios_are_as_far_apart_and_ticks_are_powers_of_ten() {
        let axis = Axis::of(Scale::Logarithmic, [[0.002, 80.0]].into_iter());
        let [a, b, c] = [0.02, 0.2, 2.0].map(|number| axis.share(number));
        assert!((b - a - (c - b)).abs() < 1e-12 && a > 0.0 && c < 1.0);
        let labels: Vec<String> = axis.ticks().iter().map(|tick| axis.label(*tick)).collect();
        assert_eq!(labels, ["0.01", "0.1", "1", "10", "100"]);
        let few = Axis::of(Scale::Logarithmic, [[0.3, 6.0]].into_iter());
        assert_eq!(few.ticks(), [0.5, 1.0, 2.0, 5.0]);
    }

    #[test]
    fn a_chart_shows_what_can_be_shown() {
        let point = |x, y| Point { x, y, margin: 0.1 };
        let chart = |points| Chart {
            title: "t".to_owned(),
            across: "x".to_owned(),
            up: "y".to_owned(),
            scales: [Scale::Linear; 2],
            series: vec![Series {
                name: "n".to_owned(),
                points,
                joined: true,
            }],
        };
        let good = chart(vec![point(1.0, 2.0), point(2.0, 3.0)]).figure();
        let with_none =
            chart(vec![point(1.0, 2.0), point(1.5, f64::NAN), point(2.0, 3.0)]).figure();
        assert_eq!(good, with_none);
        assert!(!chart(vec![]).figure().svg().contains("NaN"));
    }
}
