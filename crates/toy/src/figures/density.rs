//! Densities as pictures: what a model believes, seen over the square that a panel shows.

use foil_diffusion::Sigma;
use foil_drawing::{
    colour::{BLANK, DIVERGING, Rgb, SEQUENTIAL, mixed},
    encode_png,
};

use super::{FigureError, View};
use crate::Point;

/// log p and ∇ log p of points at a noise level; log p may lack a constant, which may depend on the
/// level.
pub type Density<'a> = &'a dyn Fn(&[Point], Sigma) -> (Vec<f32>, Vec<Point>);

/// Cells along a side of a heat map; it is drawn smooth.
const CELLS: usize = 128;
/// A ratio is not shown where both densities are below e^−12 of their highest, and fully where one
/// is above e^−9: no sample gets there, and networks have learnt nothing there.
const NEGLIGIBLE: [f32; 2] = [-12.0, -9.0];

/// A density over a view at one noise level, normalised there: its values over the lattice sum to
/// one.
#[derive(Debug, Clone)]
pub(super) struct VisibleDensity {
    log_shares: Vec<f32>,
}

impl VisibleDensity {
    pub(super) fn new(density: Density<'_>, view: View, sigma: Sigma) -> Result<Self, FigureError> {
        let (log_densities, _) = density(&view.lattice(CELLS), sigma);
        if log_densities.len() != CELLS * CELLS
            || !log_densities.iter().all(|value| value.is_finite())
        {
            return Err(FigureError::NotFinite("the densities"));
        }
        let highest = highest(&log_densities);
        let sum: f64 = log_densities
            .iter()
            .map(|value| f64::from(value - highest).exp())
            .sum();
        let log_total = highest + sum.ln() as f32;
        Ok(Self {
            log_shares: log_densities
                .iter()
                .map(|value| value - log_total)
                .collect(),
        })
    }

    /// As a picture in the sequential colours, from no density to the highest.
    pub(super) fn picture(&self) -> Result<Vec<u8>, FigureError> {
        picture(self.heights().map(|height| SEQUENTIAL.at(height.exp())))
    }

    /// ln(self/other) as a picture in the diverging colours, from −`limit` to `limit`.
    pub(super) fn ratio_picture(&self, other: &Self, limit: f32) -> Result<Vec<u8>, FigureError> {
        picture(self.ratio_colours(other, limit))
    }

    /// The same, blank where both densities are negligible.
    pub(super) fn likely_ratio_picture(
        &self,
        other: &Self,
        limit: f32,
    ) -> Result<Vec<u8>, FigureError> {
        let [low, high] = NEGLIGIBLE;
        let shown =
            |(own, others): (f32, f32)| ((own.max(others) - low) / (high - low)).clamp(0.0, 1.0);
        let shares = self.heights().zip(other.heights()).map(shown);
        let colours = self.ratio_colours(other, limit).zip(shares);
        picture(colours.map(|(colour, share)| mixed(BLANK, colour, share)))
    }

    fn ratio_colours(&self, other: &Self, limit: f32) -> impl Iterator<Item = Rgb> {
        let pairs = self.log_shares.iter().zip(&other.log_shares);
        pairs.map(move |(strong, weak)| DIVERGING.at(0.5 + 0.5 * (strong - weak) / limit))
    }

    /// ln of the density relative to its highest.
    fn heights(&self) -> impl Iterator<Item = f32> {
        let highest = highest(&self.log_shares);
        self.log_shares.iter().map(move |value| value - highest)
    }
}

fn highest(values: &[f32]) -> f32 {
    values.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// A PNG file of `CELLS` × `CELLS` pixels.
fn picture(colours: impl Iterator<Item = Rgb>) -> Result<Vec<u8>, FigureError> {
    let rgb: Vec<u8> = colours.flatten().collect();
    Ok(encode_png(CELLS as u32, CELLS as u32, &rgb)?)
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]
mod tests {
    use foil_diffusion::Sigma;
    use foil_drawing::encode_png;

    use super::{CELLS, VisibleDensity};
    use crate::{
        Point,
        figures::{FigureError, View},
    };

    /// A normal density around x = `centre`, with a constant that the picture must not show.
    fn visible(centre: f32, constant: f32) -> Result<VisibleDensity, FigureError> {
        let density = |points: &[Point], _: Sigma| {
            let log_density = |[x, y]: &Point| constant - 0.5 * ((x - centre).powi(2) + y * y);
            (
                points.iter().map(log_density).collect(),
                vec![[0.0; 2]; points.len()],
            )
        };
        VisibleDensity::new(&density, View::new([0.0, 0.0], 2.0), Sigma::ZERO)
    }

    #[test]
    fn constants_do_not_show_and_equal_densities_have_a_white_ratio() {
        let (plain, shifted) = (visible(0.5, 0.0).unwrap(), visible(0.5, 300.0).unwrap());
        let total: f64 = shifted
            .log_shares
            .iter()
            .map(|share| f64::from(*share).exp())
            .sum();
        assert!((total - 1.0).abs() < 1e-3, "{total}");
        let white = encode_png(CELLS as u32, CELLS as u32, &vec![255; 3 * CELLS * CELLS]).unwrap();
        // A constant of 300 costs single precision digits, but not enough to colour anything.
        assert_eq!(plain.ratio_picture(&shifted, 2.0).unwrap(), white);
        assert_eq!(plain.likely_ratio_picture(&shifted, 2.0).unwrap(), white);
        let other = visible(0.6, 0.0).unwrap();
        assert_ne!(plain.ratio_picture(&other, 2.0).unwrap(), white);
    }

    #[test]
    fn a_density_that_is_not_a_number_is_refused() {
        assert!(matches!(
            visible(f32::NAN, 0.0),
            Err(FigureError::NotFinite(_))
        ));
    }
}
