//! The nearest others of each point.

use rayon::prelude::*;

use super::pairs::Pairs;
use crate::{Error, Features, Result};

/// How many more are remembered than are wanted, so that what is not exact rarely matters.
const SPARE: usize = 8;

/// Another image, and how far away it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its place.
    pub index: usize,
    /// The squared distance.
    pub distance: f64,
}

/// The `count` nearest others of each point, the nearest first, the earlier first of those equally near. `None` for the others means the points
/// themselves, none of which is its own neighbour.
pub fn nearest(
    points: &Features,
    others: Option<&Features>,
    count: usize,
) -> Result<Vec<Vec<Neighbour>>> {
    let itself = others.is_none();
    let others = others.unwrap_or(points);
    points.beside(others)?;
    let available = others.images() - usize::from(itself);
    if count == 0 || count > available {
        return Err(Error::Features(format!(
            "{count} neighbours of each image among {available} others"
        )));
    }
    let mut found: Vec<Candidates> = (0..points.images())
        .map(|_| Candidates::new(count + SPARE))
        .collect();
    Pairs::new(points, others).each(|block| {
        let own = &mut found[block.points.clone()];
        own.par_iter_mut().enumerate().for_each(|(place, own)| {
            let point = block.points.start + place;
            for (other, rough) in block.distances(point) {
                if !(itself && other == point) {
                    own.consider(other, rough.least);
                }
            }
        });
    });
    let exactly = |(point, found): (usize, Candidates)| {
        let exact = |index: usize| Neighbour {
            index,
            distance: points.distance(point, others, index),
        };
        let mut nearest = sorted(found.nearest.iter().map(|(index, _)| exact(*index)));
        if nearest[count - 1].distance >= found.passed_over {
            // One that was passed over might be nearer.
            let all = (0..others.images()).filter(|&other| !(itself && other == point));
            nearest = sorted(all.map(exact));
        }
        nearest.truncate(count);
        nearest
    };
    Ok(found.into_par_iter().enumerate().map(exactly).collect())
}

fn sorted(neighbours: impl Iterator<Item = Neighbour>) -> Vec<Neighbour> {
    let mut neighbours: Vec<Neighbour> = neighbours.collect();
    neighbours.sort_by(|one, other| {
        let by_distance = one.distance.total_cmp(&other.distance);
        by_distance.then(one.index.cmp(&other.index))
    });
    neighbours
}

/// Those that may be the nearest.
struct Candidates {
    most: usize,
    /// With the least distance they can have, in its order.
    nearest: Vec<(usize, f64)>,
    /// No other is nearer than this.
    passed_over: f64,
}

impl Candidates {
    fn new(most: usize) -> Self {
        Self {
            most,
            nearest: Vec::with_capacity(most + 1),
            passed_over: f64::INFINITY,
        }
    }

    fn consider(&mut self, index: usize, least: f64) {
        // Most are farther than all that are kept.
        let full = self.nearest.len() == self.most;
        if full
            && self
                .nearest
                .last()
                .is_some_and(|&(_, farthest)| least >= farthest)
        {
            self.passed_over = self.passed_over.min(least);
            return;
        }
        let place = self.nearest.partition_point(|&(_, known)| known <= least);
        self.nearest.insert(place, (index, least));
        if full && let Some((_, dropped)) = self.nearest.pop() {
            self.passed_over = self.passed_over.min(dropped);
        }
    }
}
