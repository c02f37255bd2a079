//! `tcfg(space)`: tangential damping. arXiv 2503.18137.
//!
//! The two estimates of an image are the rows of a matrix; D_u loses its part along the second right singular vector, and CFG is done
//! with what is left. A matrix of two rows needs no decomposition: with the Gram matrix's second eigenvector (p, q) that part is
//! q·(p·D_c + q·D_u), so that Δ becomes p²·Δ + q·(p + q)·D_c.
//!
//! `space` is where: of estimates of the image, or of the noise, as published programs do with networks that estimate it. Unlike Δ's
//! own direction this depends on it. No cost.

use super::{Addition, Evaluation, SPACES, Shaping, Space};
use crate::{
    Result,
    guidance::{
        images::{Factor, dot, plus, scaled},
        text::{Keys, Method, Read, words},
    },
};

/// The weak estimate without what it does not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tangential {
    /// Whose singular vectors; those of images by default.
    pub space: Space,
}

impl Method for Tangential {
    const NAME: &'static str = "tcfg";
    const KEYS: &'static [&'static str] = &["space"];

    fn read(keys: &Keys<'_, '_>) -> Read<Self> {
        Ok(Self {
            space: keys.word("space", &SPACES)?,
        })
    }

    fn values(&self) -> Vec<String> {
        vec![words(&SPACES, self.space)]
    }
}

/// The unit eigenvector (p, q) of [[a, b], [b, d]] for its smaller eigenvalue; `None` where every vector is one.
fn second_eigenvector(a: f64, b: f64, d: f64) -> Option<(f64, f64)> {
    let half = 0.5 * (a - d);
    let root = half.hypot(b);
    // Perpendicular to the first, written so that nothing cancels.
    let (p, q) = if half >= 0.0 {
        (-b, root + half)
    } else {
        (half - root, b)
    };
    let length = p.hypot(q);
    (length > 0.0).then(|| (p / length, q / length))
}

impl Shaping for Tangential {
    fn shape(&mut self, addition: Addition, at: &Evaluation<'_>) -> Result<Addition> {
        let Addition { difference, factor } = addition;
        // In noise both rows are x − D, up to a common factor, and Δ changes its sign.
        let (strong, sign) = match self.space {
            Space::Image => (at.strong.clone(), 1.0),
            Space::Noise => ((at.noisy - at.strong)?, -1.0),
        };
        let weak = plus(&strong, &difference, &Factor::Same(-sign))?;
        let (a, b, d) = (
            dot(&strong, &strong)?,
            dot(&strong, &weak)?,
            dot(&weak, &weak)?,
        );
        let (mut of_difference, mut of_strong) = (Vec::new(), Vec::new());
        for image in 0..a.len() {
            let vector = second_eigenvector(a[image], b[image], d[image]);
            let (p, q) = vector.unwrap_or((1.0, 0.0));
            of_difference.push(p * p);
            of_strong.push(sign * q * (p + q));
        }
        let difference = scaled(&difference, &Factor::Each(of_difference))?;
        Ok(Addition {
            difference: plus(&difference, &strong, &Factor::Each(of_strong))?,
            factor,
        })
    }
}
