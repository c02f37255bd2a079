//! SVG path data, kept short: thousands of dots must fit into a small file.

use std::fmt::Write;

/// Steps per unit: positions are rounded to hundredths.
const STEPS: f64 = 100.0;

/// The `d` of a path. Every position is written as the way from the one before, between rounded
/// positions, so that nothing adds up.
#[derive(Debug, Clone, Default)]
pub struct PathData {
    text: String,
    start: [i64; 2],
    last: [i64; 2],
}

impl PathData {
    /// The text of the attribute.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A line of no length, which a round cap makes a dot.
    pub fn dot(&mut self, at: [f64; 2]) {
        self.step('m', at);
        self.text.push_str("h0");
    }

    /// A line through the points.
    pub fn line(&mut self, points: impl IntoIterator<Item = [f64; 2]>) {
        let mut command = 'm';
        for point in points {
            self.step(command, point);
            if command == 'm' {
                self.start = self.last;
            }
            command = 'l';
        }
    }

    /// A closed line through the points.
    pub fn ring(&mut self, points: impl IntoIterator<Item = [f64; 2]>) {
        self.line(points);
        self.text.push('z');
        self.last = self.start;
    }

    fn step(&mut self, command: char, to: [f64; 2]) {
        let to = to.map(|coordinate| (coordinate * STEPS).round() as i64);
        let [x, y] = [0, 1].map(|axis| (to[axis] - self.last[axis]) as f64 / STEPS);
        self.last = to;
        let separator = if y < 0.0 { "" } else { " " };
        write!(self.text, "{command}{x}{separator}{y}").expect("a string takes all text");
    }
}

#[cfg(test)]
mod tests {
    use super::PathData;

    #[test]
    fn steps_are_between_rounded_positions() {
        let mut data = PathData::default();
        data.dot([1.004, 2.0]);
        data.ring([[1.006, 1.0], [2.0, 1.0], [2.0, 3.5]]);
        data.dot([1.0, 1.0]);
        assert_eq!(data.as_str(), "m1 2h0m0.01-1l0.99 0l0 2.5zm-0.01 0h0");
    }
}
