//! Which points lie in balls around others.

use rayon::prelude::*;

use super::pairs::Pairs;
use crate::{Error, Features, Result};

/// Whether a point at a ball's very edge is inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// d ≤ r, as in ADM's evaluator.
    Inside,
    /// d < r, as in the authors' program for density and coverage.
    Outside,
}

/// How often points are in balls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// Of each point: the balls that it is in.
    pub of_points: Vec<u32>,
    /// Of each ball: the points in it.
    pub of_balls: Vec<u32>,
}

/// Counts points in balls, of which the centres and the squared radii are known.
pub fn inside(points: &Features, centres: &Features, radii: &[f64], edge: Edge) -> Result<Inside> {
    points.beside(centres)?;
    if radii.len() != centres.images() {
        let problem = format!("{} radii of {} balls", radii.len(), centres.images());
        return Err(Error::Features(problem));
    }
    let mut inside = Inside {
        of_points: vec![0; points.images()],
        of_balls: vec![0; centres.images()],
    };
    let within = |distance: f64, radius: f64| match edge {
        Edge::Inside => distance <= radius,
        Edge::Outside => distance < radius,
    };
    Pairs::new(points, centres).each(|block| {
        let own = &mut inside.of_points[block.points.clone()];
        let counted = own.par_iter_mut().enumerate().map(|(place, own)| {
            let point = block.points.start + place;
            let mut of_balls = Vec::new();
            for (ball, rough) in block.distances(point) {
                let radius = radii[ball];
                // Most pairs are far apart.
                if !within(rough.least, radius) {
                    continue;
                }
                if within(rough.most, radius)
                    || within(points.distance(point, centres, ball), radius)
                {
                    *own += 1;
                    of_balls.push(ball);
                }
            }
            of_balls
        });
        let hits: Vec<Vec<usize>> = counted.collect();
        for ball in hits.into_iter().flatten() {
            inside.of_balls[ball] += 1;
        }
    });
    Ok(inside)
}
