//! Where trajectories went.

use foil_diffusion::Observer;

use crate::points::{Point, points_of};

/// Remembers where every point was after each step: trajectories for a picture.
#[derive(Debug, Default)]
pub struct Recorder {
    /// `[step][point]`.
    pub states: Vec<Vec<Point>>,
}

impl Observer for Recorder {
    fn after_step(&mut self, step: &foil_diffusion::Step<'_>) -> std::ops::ControlFlow<()> {
        match points_of(step.x) {
            Ok(points) => self.states.push(points),
            Err(_) => return std::ops::ControlFlow::Break(()),
        }
        std::ops::ControlFlow::Continue(())
    }
}

impl Recorder {
    /// One line for each point, beginning at its start.
    pub fn trajectories(&self, start: &[Point]) -> Vec<Vec<Point>> {
        let line = |(index, first): (usize, &Point)| {
            std::iter::once(*first)
                .chain(self.states.iter().map(|state| state[index]))
                .collect()
        };
        start.iter().enumerate().map(line).collect()
    }
}
