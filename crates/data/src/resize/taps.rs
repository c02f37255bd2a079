//! Which pixels of a line each new one is made of, and with what weights.

use super::Filter;

/// For each new pixel the first old one and the weights from there on.
pub(super) struct Taps<W> {
    starts: Vec<usize>,
    /// Where the weights of each new pixel begin, and at last where they end.
    bounds: Vec<usize>,
    weights: Vec<W>,
}

impl<W> Taps<W> {
    /// From a line of `own` pixels to one of `wanted`. The weights of each new pixel add up to 1 before they are converted.
    pub(super) fn new(
        filter: Filter,
        own: usize,
        wanted: usize,
        convert: impl Fn(f64) -> W,
    ) -> Self {
        let scale = own as f64 / wanted as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let mut taps = Self {
            starts: Vec::with_capacity(wanted),
            bounds: vec![0],
            weights: Vec::new(),
        };
        for index in 0..wanted {
            let centre = (index as f64 + 0.5) * scale;
            // The conversions truncate, at 0 too.
            let start = (centre - support + 0.5) as usize;
            let end = ((centre + support + 0.5) as usize).min(own);
            let weights = (start..end).map(|place| {
                let distance = place as f64 - centre + 0.5;
                filter.weight(distance * (1.0 / stretch))
            });
            let weights: Vec<f64> = weights.collect();
            let sum: f64 = weights.iter().sum();
            taps.starts.push(start);
            let shares = weights.iter().map(|weight| convert(weight / sum));
            taps.weights.extend(shares);
            taps.bounds.push(taps.weights.len());
        }
        taps
    }

    /// How many new pixels.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// Start and weights of each new pixel.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[W])> {
        let weights = self
            .bounds
            .windows(2)
            .map(|bounds| &self.weights[bounds[0]..bounds[1]]);
        self.starts.iter().copied().zip(weights)
    }
}
