//! A square of the plane that a panel shows, and a lattice over it.

use crate::Point;

/// A square part of the plane; x goes right and y goes up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    centre: [f64; 2],
    reach: f64,
}

impl View {
    /// The square of side 2·`reach` around `centre`.
    pub const fn new(centre: [f64; 2], reach: f64) -> Self {
        Self { centre, reach }
    }

    /// The smallest square that holds all points, widened by `margin` of its side.
    pub(super) fn around(points: &[Point], margin: f64) -> Self {
        let range = |axis: usize| {
            let values = points.iter().map(|point| f64::from(point[axis]));
            let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
            values.fold((low, high), |(low, high), value| {
                (low.min(value), high.max(value))
            })
        };
        let ranges = [range(0), range(1)];
        let reach = ranges.map(|(low, high)| 0.5 * (high - low));
        let reach = reach[0].max(reach[1]) * (1.0 + 2.0 * margin);
        Self::new(ranges.map(|(low, high)| 0.5 * (low + high)), reach)
    }

    /// Whether a point is shown.
    pub fn contains(&self, point: Point) -> bool {
        (0..2).all(|axis| (f64::from(point[axis]) - self.centre[axis]).abs() <= self.reach)
    }

    /// The same centre, `factor` times the side.
    pub(super) fn enlarged(&self, factor: f64) -> Self {
        Self::new(self.centre, factor * self.reach)
    }

    /// Where a point lies in a panel of side `size` whose origin is its upper left corner. What
    /// lies far outside is moved to where it is still outside: drawing programs dislike large
    /// numbers.
    pub(super) fn place(&self, point: [f64; 2], size: f64) -> [f64; 2] {
        let [x, y] = [0, 1].map(|axis| (point[axis] - self.centre[axis]) / self.reach);
        [x, -y].map(|offset| 0.5 * size * (1.0 + offset.clamp(-3.0, 3.0)))
    }

    /// The point at the fractions (right, down) of the square.
    pub(super) fn at(&self, [right, down]: [f64; 2]) -> [f64; 2] {
        let [x, y] = self.centre;
        [
            x + self.reach * (2.0 * right - 1.0),
            y - self.reach * (2.0 * down - 1.0),
        ]
    }

    /// The middles of `cells` × `cells` equal cells, row by row from the top.
    pub(super) fn lattice(&self, cells: usize) -> Vec<Point> {
        let middle = |index: usize| (index as f64 + 0.5) / cells as f64;
        let row = |row: usize| (0..cells).map(move |column| [middle(column), middle(row)]);
        let fractions = (0..cells).flat_map(row);
        fractions
            .map(|fraction| self.at(fraction).map(|coordinate| coordinate as f32))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::View;

    #[test]
    fn the_lattice_fills_the_view_from_the_upper_left() {
        let view = View::around(&[[0.0, 1.0], [2.0, 1.5]], 0.0);
        assert_eq!(view, View::new([1.0, 1.25], 1.0));
        let lattice = view.lattice(2);
        assert_eq!(
            lattice,
            [[0.5, 1.75], [1.5, 1.75], [0.5, 0.75], [1.5, 0.75]]
        );
        let placed = lattice.map_to(view);
        assert_eq!(placed, [[2.5, 2.5], [7.5, 2.5], [2.5, 7.5], [7.5, 7.5]]);
        assert!(view.contains([0.0, 2.25]) && !view.contains([0.0, 2.26]));
    }

    trait MapTo {
        fn map_to(&self, view: View) -> Vec<[f64; 2]>;
    }

    impl MapTo for Vec<crate::Point> {
        fn map_to(&self, view: View) -> Vec<[f64; 2]> {
            self.iter()
                .map(|point| view.place(point.map(f64::from), 10.0))
                .collect()
        }
    }
}
