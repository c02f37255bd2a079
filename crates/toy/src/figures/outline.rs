//! The part of the plane that holds nearly all of a class, as in Figure 1 of the paper.

use contour::ContourBuilder;
use foil_diffusion::Sigma;
use foil_drawing::{Canvas, PathData};

use super::{FigureError, View, colour};
use crate::{
    Point,
    distribution::{Class, Distribution, NoisyDistribution},
};

/// The share of the mass inside the outline.
const MASS: f64 = 0.99;
/// A little noise rounds the outline off, which without it is a chain of 1016 ellipses.
const SIGMA: f64 = 0.01;
/// Samples from which the density at the edge is estimated: 0.04 % of the mass is its standard
/// error.
const SAMPLES: usize = 65_536;
const SEED: u64 = 1;
/// Cells of the lattice on which the density is traced, along a side.
const CELLS: usize = 480;

/// The closed lines around the points of highest density that together have 99 % of the mass.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    rings: Vec<Vec<[f64; 2]>>,
}

impl Outline {
    /// Traces the outline as far as it is in the view.
    pub(super) fn new(class: Class, view: View) -> Result<Self, FigureError> {
        let distribution = Distribution::new(class);
        let noisy = distribution.at(sigma());
        // Rings are closed along the edge of the lattice, which is therefore kept out of sight.
        let area = view.enlarged(1.04);
        let level = level(&noisy);
        let values: Vec<f64> = noisy
            .log_densities(&area.lattice(CELLS))
            .into_iter()
            .map(f64::from)
            .collect();
        let traced = ContourBuilder::new(CELLS, CELLS, true).lines(&values, &[level])?;
        let plane = |position: f64| position / CELLS as f64;
        let rings = traced
            .iter()
            .flat_map(|line| &line.geometry().0)
            .map(|ring| {
                let corners = ring.coords();
                corners
                    .map(|corner| area.at([plane(corner.x), plane(corner.y)]))
                    .collect()
            });
        Ok(Self {
            rings: rings.collect(),
        })
    }

    fn path(&self, view: View, size: f64) -> PathData {
        let mut data = PathData::default();
        for ring in &self.rings {
            // The last corner repeats the first.
            let corners = ring.iter().take(ring.len().saturating_sub(1));
            data.ring(corners.map(|corner| view.place(*corner, size)));
        }
        data
    }
}

fn sigma() -> Sigma {
    Sigma::new(SIGMA).expect("a constant in range")
}

/// The log density that [`MASS`] of the samples exceed.
fn level(noisy: &NoisyDistribution<'_>) -> f64 {
    let mut values = noisy.log_densities(&noisy.samples(SAMPLES, SEED));
    let outside = ((1.0 - MASS) * SAMPLES as f64) as usize;
    let (_, level, _) = values.select_nth_unstable_by(outside, f32::total_cmp);
    f64::from(*level)
}

/// A view that holds both classes.
pub(super) fn whole_view() -> View {
    let samples: Vec<Point> = Distribution::new(Class::AB)
        .at(sigma())
        .samples(SAMPLES, SEED);
    View::around(&samples, 0.035)
}

/// The outlines that all panels of a figure share: written once, used in every panel.
#[derive(Debug)]
pub(super) struct Backdrop {
    both: Outline,
    sampled: Outline,
    view: View,
}

impl Backdrop {
    pub(super) fn new(view: View) -> Result<Self, FigureError> {
        let (both, sampled) = (
            Outline::new(Class::AB, view)?,
            Outline::new(Class::A, view)?,
        );
        Ok(Self {
            both,
            sampled,
            view,
        })
    }

    /// What is shown.
    pub(super) fn view(&self) -> View {
        self.view
    }

    /// Makes the outlines known to the drawing, for panels of side `size`.
    pub(super) fn define(&self, canvas: &mut Canvas, size: f64) {
        canvas.define("both", &self.both.path(self.view, size));
        canvas.define("sampled", &self.sampled.path(self.view, size));
    }
}

/// Both classes in grey and an orange line around the one that is sampled.
pub(super) fn draw_regions(panel: &mut Canvas) {
    let (fill, edge, sampled) = (
        colour::BOTH_CLASSES,
        colour::BOTH_CLASSES_EDGE,
        colour::SAMPLED_CLASS,
    );
    panel.reuse(
        "both",
        &format!("fill='{fill}' fill-rule='evenodd' stroke='{edge}' stroke-width='0.5'"),
    );
    panel.reuse(
        "sampled",
        &format!("fill='none' stroke='{sampled}' stroke-width='0.8'"),
    );
}

/// The edge of the class that is sampled, over a heat map.
pub(super) fn draw_edge(panel: &mut Canvas) {
    panel.reuse(
        "sampled",
        "fill='none' stroke='#000000' stroke-opacity='0.45' stroke-width='0.6'",
    );
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]
mod tests {
    use super::{MASS, Outline, sigma, whole_view};
    use crate::{
        Point,
        distribution::{Class, Distribution},
    };

    /// Whether a ray to the right crosses the outline an odd number of times.
    fn encloses(outline: &Outline, [x, y]: Point) -> bool {
        let (x, y) = (f64::from(x), f64::from(y));
        let sides = outline.rings.iter().flat_map(|ring| ring.windows(2));
        let crosses = |side: &&[[f64; 2]]| {
            let ([from, to], share) = (
                [side[0], side[1]],
                (y - side[0][1]) / (side[1][1] - side[0][1]),
            );
            (from[1] > y) != (to[1] > y) && x < from[0] + share * (to[0] - from[0])
        };
        sides.filter(crosses).count() % 2 == 1
    }

    #[test]
    fn the_traced_outline_holds_99_percent_of_fresh_samples() {
        for class in [Class::A, Class::AB] {
            let outline = Outline::new(class, whole_view()).unwrap();
            let samples = Distribution::new(class).at(sigma()).samples(20_000, 77);
            let inside = samples
                .iter()
                .filter(|sample| encloses(&outline, **sample))
                .count();
            let share = inside as f64 / samples.len() as f64;
            assert!((share - MASS).abs() < 0.005, "{class:?}: {share}");
        }
    }
}
