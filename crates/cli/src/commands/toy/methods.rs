//! The methods that `foil toy reproduce` compares, and their measurement.

use anyhow::Result;
use foil_diffusion::guidance::{Gate, Interval};
use foil_toy::{
    Point,
    metrics::{Judge, Row},
    network::DensityModel,
    sampling::{Guidance, Plan},
};

use super::Watch;
use crate::progress::Progress;

/// The paper's weights.
pub const AUTOGUIDANCE_WEIGHT: f64 = 3.0;
pub const CLASSIFIER_FREE_WEIGHT: f64 = 4.0;
/// A noise interval that leaves out both ends.
const INTERVAL: (f64, f64) = (0.02, 1.0);

/// The three networks.
pub struct Networks {
    pub main: DensityModel,
    pub guide: DensityModel,
    pub unconditional: DensityModel,
}

/// A method to measure.
pub struct Method<'a> {
    pub name: String,
    pub weight: f64,
    pub guidance: Guidance<'a>,
    pub interval: Option<(f64, f64)>,
}

impl Networks {
    /// All methods but truncation, whose weight depends on the others' results.
    pub fn methods(&self) -> Vec<Method<'_>> {
        let Self {
            guide,
            unconditional,
            ..
        } = self;
        let method = |name: &str, weight, guidance| Method {
            name: name.into(),
            weight,
            guidance,
            interval: None,
        };
        let mut methods = vec![
            method("none", 1.0, Guidance::None),
            method("cfg", 2.0, Guidance::ClassifierFree(unconditional, 2.0)),
            method(
                "cfg",
                CLASSIFIER_FREE_WEIGHT,
                Guidance::ClassifierFree(unconditional, CLASSIFIER_FREE_WEIGHT),
            ),
            method("autoguidance", 2.0, Guidance::Auto(guide, 2.0)),
            method(
                "autoguidance",
                AUTOGUIDANCE_WEIGHT,
                Guidance::Auto(guide, AUTOGUIDANCE_WEIGHT),
            ),
            Method {
                interval: Some(INTERVAL),
                ..method(
                    "autoguidance",
                    AUTOGUIDANCE_WEIGHT,
                    Guidance::Auto(guide, AUTOGUIDANCE_WEIGHT),
                )
            },
        ];
        methods.extend([0.0, 0.5, 1.0].map(|share| {
            let guidance =
                Guidance::Interpolation(unconditional, guide, AUTOGUIDANCE_WEIGHT, share);
            method(
                &format!("interpolation a={share}"),
                AUTOGUIDANCE_WEIGHT,
                guidance,
            )
        }));
        methods
    }
}

/// Samples and measures methods, all from the same starting points.
pub struct Bench<'a> {
    pub networks: &'a Networks,
    pub plan: &'a Plan,
    pub judge: &'a Judge,
    pub start: &'a [Point],
    pub progress: &'a Progress,
}

impl Bench<'_> {
    /// One row of the table, and the samples.
    pub fn measure(&self, method: &Method<'_>) -> Result<(Row, Vec<Point>)> {
        let Method {
            name,
            weight,
            guidance,
            interval,
        } = method;
        let mut plan = self.plan.clone();
        plan.interval = interval
            .map(|(low, high)| Interval::new(low, high, Gate::Step))
            .transpose()?;
        let within = interval.map_or_else(String::new, |(low, high)| format!(" in {low}..{high}"));
        let bar = self.progress.bar(
            &format!("{name}{within}, w = {weight:.3}"),
            plan.levels.steps() as u64,
            "steps",
        );
        let (points, evaluations) =
            plan.run(&self.networks.main, *guidance, self.start, &mut Watch(&bar))?;
        let mut row = Row::new(name, *weight, points.len(), self.judge.measure(&points)?);
        row.interval = interval.map(|(low, high)| [low, high]);
        (row.evaluations_strong, row.evaluations_weak) = (evaluations.strong, evaluations.weak);
        bar.done(&format!("{} samples", points.len()));
        Ok((row, points))
    }

    /// The truncation weight whose samples have a given rate of outliers, by bisection on some of the points.
    ///
    /// The rate falls with the weight, which shrinks all samples towards the modes.
    pub fn matching_truncation(&self, outlier_rate: f64) -> Result<f64> {
        const BISECTIONS: u64 = 8;
        const POINTS: usize = 16_384;
        let start = &self.start[..self.start.len().min(POINTS)];
        let bar = self
            .progress
            .bar("matching truncation", BISECTIONS, "samplings");
        let (mut low, mut high) = (1.0, 1.5);
        for bisection in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            let truncation = Guidance::Truncation(middle);
            let silent = &mut |_: &foil_diffusion::Step<'_>| crate::interrupt::check();
            let (points, _) = self
                .plan
                .run(&self.networks.main, truncation, start, silent)?;
            if self.judge.outlier_rate(&points)? > outlier_rate {
                low = middle;
            } else {
                high = middle;
            }
            bar.at(bisection + 1);
        }
        let weight = 0.5 * (low + high);
        bar.done(&format!("w = {weight:.3}"));
        Ok(weight)
    }
}
