//! From descriptions of images to numbers, each with what is known of its error.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use foil_evaluation::{
    Accuracy, Features, Manifold, Mean, PrecisionRecall, Statistics, extrapolated_frechet, frechet,
    frechet_margin, inception_score, kernel_distance, memorisation, precision_recall,
};

use super::{
    against::{Against, moments_of},
    gather::{Described, Gathered},
    manifest::{Better, Number},
};
use crate::arguments::{Measure, MetricName};

/// Images of a part of the class score, as published.
const SCORE_PART: usize = 5000;
/// The order of images must not mean anything where parts of them are compared.
const ORDER: u32 = 0;
/// The normal distribution's 97.5 % quantile.
const NORMAL: f64 = 1.959_963_985;

/// Numbers by name.
pub type Numbers = BTreeMap<String, Number>;

/// What one repeat's images are compared with.
pub struct Compared<'a> {
    pub reference: Option<&'a Against>,
    pub training: Option<&'a Against>,
}

impl Compared<'_> {
    /// Computes a metric of a network.
    pub fn measure(&self, metric: &MetricName, images: &Gathered) -> Result<Numbers> {
        let network = metric.extractor.as_deref().unwrap_or_default();
        let described = images.described.get(network);
        let described = described.with_context(|| format!("{network} described nothing"))?;
        let numbers = match metric.measure {
            Measure::Frechet => distance(&described.features, self.moments(network)?)?,
            Measure::SpatialFrechet => {
                let spatial = described.spatial.as_ref();
                let spatial = spatial.context("no spatial features")?;
                distance(spatial, self.spatial(network)?)?
            }
            Measure::FrechetAtInfinity => {
                let shuffled = described.features.shuffled(ORDER);
                let fewest = (shuffled.images() / 10).max(shuffled.width() + 1);
                let fewest = fewest.min(shuffled.images() / 2);
                let found = extrapolated_frechet(&shuffled, self.moments(network)?, fewest)?;
                vec![("", plain(found.distance, Better::Lower))]
            }
            Measure::Kernel => {
                let [own, real] = [&described.features, &self.real(network)?.features];
                let found = kernel_distance(&own.shuffled(ORDER), &real.shuffled(ORDER))?;
                vec![("", of_mean(&found, Better::Lower))]
            }
            Measure::ClassScore => {
                let logits = described.logits.as_ref().context("no classes")?;
                let found = inception_score(logits, SCORE_PART)?;
                vec![("", of_mean(&found, Better::Higher))]
            }
            Measure::PrecisionRecall => {
                let found = self.precision(described, network, Manifold::ADM)?;
                vec![
                    ("precision", found.0),
                    ("recall", plain(found.1.recall, Better::Higher)),
                ]
            }
            Measure::DensityCoverage => {
                let (precision, found) = self.precision(described, network, Manifold::PRDC)?;
                vec![
                    ("precision-k5", precision),
                    ("recall-k5", plain(found.recall, Better::Higher)),
                    ("density", plain(found.density, Better::Higher)),
                    ("coverage", plain(found.coverage, Better::Higher)),
                ]
            }
            Measure::Accuracy => vec![("", accuracy(described, images)?)],
            Measure::Memorisation => self.memorisation(described, network)?,
        };
        Ok(numbers
            .into_iter()
            .map(|(part, number)| (name(metric, part), number))
            .collect())
    }

    fn reference(&self) -> Result<&Against> {
        self.reference
            .context("nothing to compare with: --reference FILE|DATA is needed")
    }

    fn moments(&self, network: &str) -> Result<&Statistics> {
        let found = self.reference()?.statistics.get(network);
        found.with_context(|| format!("the reference has no features of {network}"))
    }

    fn spatial(&self, network: &str) -> Result<&Statistics> {
        let found = self.reference()?.spatial.get(network);
        found.with_context(|| format!("the reference has no spatial features of {network}"))
    }

    fn real(&self, network: &str) -> Result<&Described> {
        let reference = self.reference()?;
        let images = reference.images.as_ref().with_context(|| {
            format!(
                "{} has moments only; this metric looks at pairs of images, and needs a data set as --reference",
                reference.manifest.name
            )
        })?;
        let found = images.described.get(network);
        found.with_context(|| format!("the reference has no features of {network}"))
    }

    fn precision(
        &self,
        images: &Described,
        network: &str,
        manifold: Manifold,
    ) -> Result<(Number, PrecisionRecall)> {
        let real = &self.real(network)?.features;
        let found = precision_recall(real, &images.features, manifold)?;
        // The balls are around real images, which stay the same: whether an image lies in one does not depend on others.
        let precision = share(found.precision, images.features.images(), Better::Higher);
        Ok((precision, found))
    }

    fn memorisation(
        &self,
        images: &Described,
        network: &str,
    ) -> Result<Vec<(&'static str, Number)>> {
        let training = self
            .training
            .and_then(|training| training.images.as_ref())
            .context("memorisation needs the data set of training: --training DATA")?;
        let training = training.described.get(network);
        let training = &training
            .context("training images were not described")?
            .features;
        let found = memorisation(&images.features, training)?;
        let authenticity = found.authenticity();
        let mut numbers = vec![
            (
                "authenticity",
                share(authenticity, images.features.images(), Better::Higher),
            ),
            (
                "nearest-training",
                plain(found.median_distance(), Better::Neither),
            ),
        ];
        if let Ok(real) = self.real(network) {
            let held_out = memorisation(&real.features, training)?;
            let median = plain(held_out.median_distance(), Better::Neither);
            numbers.push(("nearest-training-of-reference", median));
            let authenticity = held_out.authenticity();
            let number = plain(authenticity, Better::Neither);
            numbers.push(("authenticity-of-reference", number));
        }
        Ok(numbers)
    }
}

/// `fid`, or `recall@inception` of a metric of several numbers.
fn name(metric: &MetricName, part: &str) -> String {
    match (part, &metric.extractor) {
        ("", _) => metric.to_string(),
        (part, Some(network)) => format!("{part}@{network}"),
        (part, None) => part.to_owned(),
    }
}

fn distance(images: &Features, reference: &Statistics) -> Result<Vec<(&'static str, Number)>> {
    let value = frechet(&moments_of(images)?, reference)?.distance();
    let margin = frechet_margin(&images.shuffled(ORDER), reference).ok();
    let mut number = plain(value, Better::Lower);
    number.interval = margin.map(|margin| [value - margin, value + margin]);
    Ok(vec![("", number)])
}

fn accuracy(described: &Described, images: &Gathered) -> Result<Number> {
    let logits = described.logits.as_ref().context("no classes")?;
    let classes = images.classes.as_deref();
    let classes = classes.context("accuracy needs images whose classes are known")?;
    let mut accuracy = Accuracy::among(logits.width());
    accuracy.add(classes, logits.numbers())?;
    let total = accuracy.total();
    let value = total.right as f64 / total.images as f64;
    Ok(share(value, classes.len(), Better::Higher))
}

fn plain(value: f64, better: Better) -> Number {
    Number {
        value,
        interval: None,
        repeats: Vec::new(),
        better,
    }
}

fn of_mean(mean: &Mean, better: Better) -> Number {
    let mut number = plain(mean.value, better);
    let margin = mean.margin();
    if margin.is_finite() {
        number.interval = Some([mean.value - margin, mean.value + margin]);
    }
    number
}

/// Of independent images. The interval is that of Wilson 1927.
fn share(value: f64, images: usize, better: Better) -> Number {
    let (count, square) = (images as f64, NORMAL * NORMAL);
    let centre = (value + square / (2.0 * count)) / (1.0 + square / count);
    let spread = value * (1.0 - value) / count + square / (4.0 * count * count);
    let half = NORMAL / (1.0 + square / count) * spread.sqrt();
    let mut number = plain(value, better);
    number.interval = Some([centre - half, centre + half]);
    number
}

/// The numbers of several repeats as one each.
pub fn together(repeats: &[Numbers]) -> Numbers {
    let [first, _, ..] = repeats else {
        return repeats.first().cloned().unwrap_or_default();
    };
    let combine = |(name, number): (&String, &Number)| {
        let values = repeats.iter().filter_map(|numbers| numbers.get(name));
        let values: Vec<f64> = values.map(|number| number.value).collect();
        let mut combined = of_mean(&Mean::of(&values), number.better);
        combined.repeats = values;
        (name.clone(), combined)
    };
    first.iter().map(combine).collect()
}

#[cfg(test)]
mod tests {
    use super::{Better, share};

    #[test]
    fn shares_have_wilsons_interval() {
        // scipy.stats.binomtest(45, 50).proportion_ci(method="wilson")
        let [low, high] = share(0.9, 50, Better::Higher)
            .interval
            .expect("an interval");
        assert!(
            (low - 0.786_398).abs() < 1e-6 && (high - 0.956_524).abs() < 1e-6,
            "{low} {high}"
        );
    }
}
