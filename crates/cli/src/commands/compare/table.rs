//! The comparison for people: a line for each method.

use super::cell::Cell;
use crate::{commands::evaluate::number_cell, output};

/// Methods with their weight, strength, evaluations and numbers.
pub fn of(cells: &[Cell]) -> String {
    let Some(first) = cells.first() else {
        return String::new();
    };
    let names: Vec<&String> = first.evaluation.results.keys().collect();
    let mut rows = vec![vec![
        "method".to_owned(),
        "effective scale".to_owned(),
        "evaluations".to_owned(),
    ]];
    let short = |name: &&String| name.split('@').next().unwrap_or_default().to_owned();
    rows[0].extend(names.iter().map(short));
    let calibrated = cells.iter().any(|cell| cell.as_strong.is_some());
    if calibrated {
        rows[0].push("cfg as strong".to_owned());
    }
    for cell in cells {
        let [main, guides] = cell.evaluations;
        let scale = cell.effective_scale.filter(|scale| scale.is_finite());
        let mut row = vec![
            cell.title(),
            scale.map_or("–".to_owned(), |scale| format!("{scale:.2}")),
            format!("{main} + {guides}"),
        ];
        let numbers = names.iter().map(|name| cell.evaluation.results.get(*name));
        row.extend(numbers.map(|number| number.map_or("–".to_owned(), number_cell)));
        if calibrated {
            let beside = cell.as_strong.as_ref();
            row.push(beside.map_or("–".to_owned(), |beside| number_cell(&beside.number)));
        }
        rows.push(row);
    }
    output::columns(&rows, 1)
}
