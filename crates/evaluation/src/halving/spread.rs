//! Points that fill a cube evenly, however many are taken: multiples of a vector of irrational numbers, without their whole parts.
//!
//! The vector's elements are powers of the root of x^(d+1) = x + 1, the golden ratio for d = 1 (Roberts 2018, *The Unreasonable Effectiveness of
//! Quasirandom Sequences*).

/// A sequence in the cube of so many axes.
#[derive(Debug)]
pub struct Spread {
    steps: Vec<f64>,
    count: u32,
}

impl Spread {
    pub fn new(axes: usize) -> Self {
        let mut root = 2.0_f64;
        for _ in 0..64 {
            root = (1.0 + root).powf(1.0 / (axes as f64 + 1.0));
        }
        Self {
            steps: (1..=axes as i32).map(|axis| root.powi(-axis)).collect(),
            count: 0,
        }
    }

    /// The next point; the first one is the middle.
    pub fn point(&mut self) -> Vec<f64> {
        let count = f64::from(self.count);
        self.count += 1;
        let steps = self.steps.iter();
        steps.map(|step| (0.5 + count * step).fract()).collect()
    }
}
