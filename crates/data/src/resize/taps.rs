//! Which pixels of a line each new one is made of, and with what weights.

use super::Filter;

/// Fractional bits of a weight: of 32, 8 are the pixel's and 2 are kept for sums beyond it.
pub(super) const PRECISION: u32 = 32 - 8 - 2;

/// For each new pixel the first old one and the weights from there on.
pub(super) struct Taps {
    starts: Vec<usize>,
    /// Where the weights of each new pixel begin, and at last where they end.
    bounds: Vec<usize>,
    weights: Vec<i32>,
}

impl Taps {
    /// From a line of `own` pixels to one of `wanted`.
    pub(super) fn new(filter: Filter, own: usize, wanted: usize) -> Self {
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
            taps.weights
                .extend(weights.iter().map(|weight| fixed(weight / sum)));
            taps.bounds.push(taps.weights.len());
        }
        taps
    }

    /// How many new pixels.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }

    /// Start and weights of each new pixel.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[i32])> {
        let weights = self
            .bounds
            .windows(2)
            .map(|bounds| &self.weights[bounds[0]..bounds[1]]);
        self.starts.iter().copied().zip(weights)
    }
}

/// Rounded away from zero at a half.
fn fixed(weight: f64) -> i32 {
    (weight * f64::from(1 << PRECISION) + 0.5_f64.copysign(weight)) as i32
}

impl Filter {
    fn support(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        match self {
            Self::Box => f64::from(u8::from(x > -0.5 && x <= 0.5)),
            Self::Bicubic => match x.abs() {
                x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
                x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
                _ => 0.0,
            },
        }
    }
}
