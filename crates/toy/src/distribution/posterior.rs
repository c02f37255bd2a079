//! Which class a noisy point is of: the exact classifier, whose gradient guides.

use foil_diffusion::Sigma;

use super::{Class, Distribution};
use crate::points::Point;

/// p(class | x; σ) of the mixture of both classes, in which each has the share that the distribution of both gives it.
#[derive(Debug, Clone)]
pub struct Posterior {
    own: Distribution,
    other: Distribution,
    /// ln (p(other)/p(class)).
    prior: f64,
}

impl Posterior {
    /// Of class A or B; both together are no class.
    pub fn new(class: Class) -> Option<Self> {
        let other = match class {
            Class::A => Class::B,
            Class::B => Class::A,
            Class::AB => return None,
        };
        let (own, other) = (Distribution::new(class), Distribution::new(other));
        // In the distribution of both, the first half of the components is A's.
        let both = Distribution::new(Class::AB);
        let (first, second) = both.components().split_at(both.components().len() / 2);
        let mass = |half: &[super::Component]| -> f64 { half.iter().map(|part| part.share).sum() };
        let (a, b) = (mass(first), mass(second));
        let prior = match class {
            Class::B => (a / b).ln(),
            _ => (b / a).ln(),
        };
        Some(Self { own, other, prior })
    }

    /// ln p(class | x; σ) of each point.
    pub fn log_probabilities(&self, points: &[Point], sigma: Sigma) -> Vec<f64> {
        let own = self.own.at(sigma).log_densities(points);
        let other = self.other.at(sigma).log_densities(points);
        let odds = own.iter().zip(&other);
        // −ln (1 + eᵒ), where the larger of both terms is taken out.
        odds.map(|(own, other)| {
            let odds = self.odds(*own, *other);
            -(odds.max(0.0) + (-odds.abs()).exp().ln_1p())
        })
        .collect()
    }

    /// ∇ₓ ln p(class | x; σ) of each point: p(other | x; σ)·(∇ ln p_class − ∇ ln p_other).
    pub fn gradients(&self, points: &[Point], sigma: Sigma) -> Vec<Point> {
        let (own, own_scores) = self.own.at(sigma).evaluate(points);
        let (other, other_scores) = self.other.at(sigma).evaluate(points);
        let densities = own.iter().zip(&other);
        let scores = own_scores.iter().zip(&other_scores);
        let gradient = |((own, other), (toward, away)): ((&f32, &f32), (&Point, &Point))| {
            let share = 1.0 / (1.0 + (-self.odds(*own, *other)).exp());
            [0, 1].map(|axis| (share * f64::from(toward[axis] - away[axis])) as f32)
        };
        densities.zip(scores).map(gradient).collect()
    }

    /// ln (p(other | x)/p(class | x)).
    fn odds(&self, own: f32, other: f32) -> f64 {
        f64::from(other) - f64::from(own) + self.prior
    }
}
