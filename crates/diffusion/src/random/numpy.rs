//! numpy's legacy `RandomState`: the toy distribution, data set subsets and epoch orders of EDM2 are made with it.

use super::{Stream, mersenne_twister::MersenneTwister};

/// `numpy.random.RandomState(seed)`.
#[derive(Debug, Clone)]
pub struct RandomState {
    generator: MersenneTwister,
    spare: Option<f64>,
}

impl RandomState {
    /// The state of a 32-bit seed.
    pub fn new(seed: u32) -> Self {
        Self {
            generator: MersenneTwister::new(seed),
            spare: None,
        }
    }

    /// `random_sample()`: in [0, 1) with 53 bits.
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.generator.word() >> 5, self.generator.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// `randn()`, by the polar method; it makes two and keeps one.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square < 1.0 && square > 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `shuffle()`.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.interval(last as u32) as usize);
        }
    }

    /// An integer in 0 … `last`, by masked rejection.
    fn interval(&mut self, last: u32) -> u32 {
        let mask = last
            .checked_next_power_of_two()
            .map_or(u32::MAX, |power| (power << 1).wrapping_sub(1));
        let mask = if mask >> 1 >= last { mask >> 1 } else { mask };
        loop {
            let word = self.generator.word() & mask;
            if word <= last {
                return word;
            }
        }
    }
}

impl Stream for RandomState {
    fn fill_normal(&mut self, out: &mut [f32]) {
        for value in out {
            *value = self.normal() as f32;
        }
    }

    fn below(&mut self, range: u32) -> u32 {
        self.interval(range - 1)
    }
}
