//! What is drawn over a panel's background: dots, trajectories and arrows.

use foil_drawing::PathData;

use super::{FigureError, View};
use crate::Point;

/// The tip of an arrow: its length, and half its width.
const TIP: [f64; 2] = [3.6, 1.5];

/// A dot for each point.
pub(super) fn dots(points: &[Point], view: View, size: f64) -> Result<PathData, FigureError> {
    check(points, "the points")?;
    let mut data = PathData::default();
    for point in points {
        data.dot(view.place(point.map(f64::from), size));
    }
    Ok(data)
}

/// A line through the points of each trajectory.
pub(super) fn lines(
    trajectories: &[Vec<Point>],
    view: View,
    size: f64,
) -> Result<PathData, FigureError> {
    let mut data = PathData::default();
    for trajectory in trajectories {
        check(trajectory, "the trajectories")?;
        data.line(
            trajectory
                .iter()
                .map(|point| view.place(point.map(f64::from), size)),
        );
    }
    Ok(data)
}

/// An arrow at each position in the panel (right and down), along a vector of the plane (right and
/// up).
///
/// Lengths are proportional, except that the longest tenth are all drawn as long as `longest`.
pub(super) fn arrows(
    positions: &[[f64; 2]],
    vectors: &[Point],
    longest: f64,
) -> Result<PathData, FigureError> {
    check(vectors, "the scores")?;
    let length = |vector: &Point| f64::from(vector[0]).hypot(f64::from(vector[1]));
    let mut lengths: Vec<f64> = vectors.iter().map(length).collect();
    lengths.sort_by(f64::total_cmp);
    let reference = lengths
        .get(lengths.len() * 9 / 10)
        .copied()
        .unwrap_or(0.0)
        .max(f64::MIN_POSITIVE);
    let mut data = PathData::default();
    for (position, vector) in positions.iter().zip(vectors) {
        let shown = longest * (length(vector) / reference).min(1.0);
        let direction = [f64::from(vector[0]), -f64::from(vector[1])]
            .map(|part| part / length(vector).max(f64::MIN_POSITIVE));
        arrow(&mut data, *position, direction, shown);
    }
    Ok(data)
}

fn arrow(data: &mut PathData, [x, y]: [f64; 2], [right, down]: [f64; 2], length: f64) {
    let along = |way: f64, aside: f64| {
        [
            x + way * right - aside * down,
            y + way * down + aside * right,
        ]
    };
    // A short arrow has a small tip, so that it is not all tip.
    let tip = TIP.map(|part| part * (length / (2.0 * TIP[0])).min(1.0));
    data.line([along(-0.5 * length, 0.0), along(0.5 * length - tip[0], 0.0)]);
    let back = 0.5 * length - tip[0];
    data.ring([
        along(0.5 * length, 0.0),
        along(back, tip[1]),
        along(back, -tip[1]),
    ]);
}

fn check(points: &[Point], what: &'static str) -> Result<(), FigureError> {
    let finite = points
        .as_flattened()
        .iter()
        .all(|coordinate| coordinate.is_finite());
    if finite {
        Ok(())
    } else {
        Err(FigureError::NotFinite(what))
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]
mod tests {
    use super::{View, arrows, dots};
    use crate::figures::FigureError;

    #[test]
    fn an_arrow_along_the_y_axis_points_up_and_longer_ones_are_not_drawn_longer() {
        let data = arrows(&[[50.0, 50.0]; 2], &[[0.0, 1.0], [0.0, 0.5]], 20.0).unwrap();
        // From 10 below the middle to the tip's base, then the tip itself, 10 above.
        assert!(
            data.as_str()
                .starts_with("m50 60l0-16.4m0-3.6l1.5 3.6l-3 0z"),
            "{}",
            data.as_str()
        );
        let many = arrows(
            &[[0.0; 2]; 20],
            &[[[1.0, 0.0]; 19].as_slice(), &[[100.0, 0.0]]].concat(),
            20.0,
        )
        .unwrap();
        let each: Vec<&str> = many.as_str().split_inclusive('z').collect();
        assert_eq!(each[1], each[19]);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let view = View::new([0.0, 0.0], 1.0);
        assert!(matches!(
            dots(&[[0.0, f32::NAN]], view, 10.0),
            Err(FigureError::NotFinite(_))
        ));
        assert!(matches!(
            arrows(&[[0.0; 2]], &[[f32::INFINITY, 0.0]], 10.0),
            Err(FigureError::NotFinite(_))
        ));
    }
}
