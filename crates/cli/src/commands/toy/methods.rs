//! The methods that `foil toy reproduce` compares, and their measurement.

use anyhow::Result;
use foil_diffusion::guidance::{Interval, Plan};
use foil_toy::{
    Point,
    metrics::{Judge, Row},
    network::DensityModel,
    sampling::{Guidance, GuideModels, Sampling},
};

use super::Watch;
use crate::progress::Progress;

/// The paper's weights.
pub const AUTOGUIDANCE_WEIGHT: f64 = 3.0;
pub const CLASSIFIER_FREE_WEIGHT: f64 = 4.0;
/// A noise interval that leaves out both ends.
const INTERVAL: &str = "0.02..1";

/// The three networks.
pub struct Networks {
    pub main: DensityModel,
    pub guide: DensityModel,
    pub unconditional: DensityModel,
}

/// A method to measure.
pub struct Method {
    pub name: String,
    /// The one that is told: of an interpolation that of both guides.
    pub weight: f64,
    pub plan: Plan,
}

impl Method {
    pub fn new(name: &str, weight: f64, guidance: &str) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            weight,
            plan: guidance.parse()?,
        })
    }

    /// All methods but truncation, whose weight depends on the others' results.
    pub fn all() -> Result<Vec<Self>> {
        let mut methods = vec![Self::new("none", 1.0, "none")?];
        for weight in [2.0, CLASSIFIER_FREE_WEIGHT] {
            methods.push(Self::new("cfg", weight, &format!("cfg:{weight}"))?);
        }
        for weight in [2.0, AUTOGUIDANCE_WEIGHT] {
            methods.push(Self::new(
                "autoguidance",
                weight,
                &format!("auto:{weight}"),
            )?);
        }
        let weight = AUTOGUIDANCE_WEIGHT;
        let guidance = format!("auto:{weight}@{INTERVAL}");
        methods.push(Self::new("autoguidance", weight, &guidance)?);
        for share in [0.0, 0.5, 1.0] {
            // Karras et al. 2024, section 5.
            let [unconditional, guide] =
                [1.0 - share, share].map(|part| 1.0 + part * (weight - 1.0));
            let guidance = format!("cfg:{unconditional}+auto:{guide}");
            methods.push(Self::new(
                &format!("interpolation a={share}"),
                weight,
                &guidance,
            )?);
        }
        Ok(methods)
    }

    /// Where it guides, if not everywhere.
    pub fn interval(&self) -> Option<Interval> {
        self.plan.terms().first()?.strength.interval
    }
}

impl Networks {
    /// A plan with these networks.
    fn guidance(&self, plan: Plan) -> Guidance<'_> {
        let models = GuideModels {
            auto: Some(&self.guide),
            unconditional: Some(&self.unconditional),
            classifier: None,
        };
        Guidance { plan, models }
    }
}

/// Samples and measures methods, all from the same starting points.
pub struct Bench<'a> {
    pub networks: &'a Networks,
    pub sampling: &'a Sampling,
    pub judge: &'a Judge,
    pub start: &'a [Point],
    pub progress: &'a Progress,
}

impl Bench<'_> {
    /// One row of the table, and the samples.
    pub fn measure(&self, method: &Method) -> Result<(Row, Vec<Point>)> {
        let Method { name, weight, plan } = method;
        let interval = method.interval();
        let within = interval.map_or_else(String::new, |interval| format!(" in {interval}"));
        let bar = self.progress.bar(
            &format!("{name}{within}, w = {weight:.3}"),
            self.sampling.levels.steps() as u64,
            "steps",
        );
        let (points, evaluations) = self.sampling.run(
            &self.networks.main,
            &self.networks.guidance(plan.clone()),
            self.start,
            &mut Watch(&bar),
        )?;
        let measures = self.judge.measure(&points)?;
        let mut row = Row::new(name, Some(*weight), points.len(), measures);
        row.interval = interval.map(|interval| [interval.low(), interval.high()]);
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
            let truncation = Guidance::truncation(middle)?;
            let silent = &mut |_: &foil_diffusion::Step<'_>| crate::interrupt::check();
            let (points, _) = self
                .sampling
                .run(&self.networks.main, &truncation, start, silent)?;
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
