//! The comparison as pictures: the deciding number against weights, and against what an image costs.

use std::path::Path;

use anyhow::Result;
use foil_drawing::{Chart, Point, Scale, Series};

use super::cell::Cell;
use crate::{commands::evaluate::Number, output::write_chart};

/// Writes `weights`, `evaluations`, and `precision-recall` if both were measured, each as SVG and PNG.
pub fn draw(swept: &[Vec<Cell>], best: &[Cell], metric: &str, out: &Path) -> Result<()> {
    let by_weight = swept.iter().map(|cells| Series {
        name: cells
            .first()
            .map_or(String::new(), |cell| cell.method.clone()),
        points: points(cells, metric),
        joined: true,
    });
    let short = metric.split('@').next().unwrap_or_default();
    let weights = Chart {
        title: format!("{short} and the weight of guidance, by the same seeds"),
        across: "weight W".to_owned(),
        up: metric.to_owned(),
        scales: [Scale::Linear; 2],
        series: by_weight.collect(),
    };
    write_chart(&weights, &out.join("weights"))?;
    let evaluations = Chart {
        title: format!("{short} and evaluations for an image, at the best weights"),
        across: "evaluations of networks".to_owned(),
        up: metric.to_owned(),
        scales: [Scale::Linear; 2],
        series: alone(best, |cell| {
            let evaluations = cell.evaluations.iter().sum::<u64>() as f64;
            Some((evaluations, cell.decides(metric)?.clone()))
        }),
    };
    write_chart(&evaluations, &out.join("evaluations"))?;
    let front = alone(best, |cell| {
        let named = |wanted: &str| {
            let mut results = cell.evaluation.results.iter();
            // The number of neighbours is part of the name.
            let found = results.find(|(name, _)| name.starts_with(wanted));
            found.map(|(_, number)| number.clone())
        };
        Some((named("recall-")?.value, named("precision-")?))
    });
    if front.is_empty() {
        return Ok(());
    }
    let front = Chart {
        title: "Precision and recall, at the best weights".to_owned(),
        across: "recall".to_owned(),
        up: "precision".to_owned(),
        scales: [Scale::Linear; 2],
        series: front,
    };
    write_chart(&front, &out.join("precision-recall"))
}

/// Without margins: what few images do to a number they do to all, and curves of the same seeds can be compared much better than that.
fn points(cells: &[Cell], metric: &str) -> Vec<Point> {
    let known = cells.iter().filter_map(|cell| {
        Some(Point {
            x: cell.weight?,
            y: cell.decides(metric)?.value,
            margin: 0.0,
        })
    });
    known.collect()
}

/// A point of its own for each method.
fn alone(cells: &[Cell], of: impl Fn(&Cell) -> Option<(f64, Number)>) -> Vec<Series> {
    let known = cells.iter().filter_map(|cell| {
        let (x, number) = of(cell)?;
        Some(Series {
            name: cell.title(),
            points: vec![point(x, &number)],
            joined: false,
        })
    });
    known.collect()
}

fn point(x: f64, number: &Number) -> Point {
    let margin = number
        .interval
        .map_or(0.0, |[low, high]| (high - low) / 2.0);
    Point {
        x,
        y: number.value,
        margin,
    }
}
