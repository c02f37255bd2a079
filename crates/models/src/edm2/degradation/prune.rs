//! Weights of which the smallest are zero. Magnitudes are compared within a row: rows are normalised, so only there do they say how much a
//! weight matters.

/// Sets a share of a row, rounded down, to zero: its smallest magnitudes, of equal ones the first.
pub(super) fn prune(row: &mut [f32], share: f64) {
    let count = (share * row.len() as f64) as usize;
    if count == 0 {
        return;
    }
    let mut order: Vec<usize> = (0..row.len()).collect();
    let magnitude = |&index: &usize| row[index].abs();
    order.select_nth_unstable_by(count - 1, |a, b| {
        magnitude(a).total_cmp(&magnitude(b)).then(a.cmp(b))
    });
    for &index in &order[..count] {
        row[index] = 0.0;
    }
}
