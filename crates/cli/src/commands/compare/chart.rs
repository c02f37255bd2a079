//! The comparison as pictures: the deciding number against weights, and against what an image costs.

use std::path::Path;

use anyhow::Result;
use foil_drawing::{Chart, Point, Series};

use super::cell::Cell;
use crate::commands::evaluate::Number;

/// Pixels for a unit of the drawing.
const SCALE: f32 = 2.0;

/// Writes `weights`, `evaluations`, and `precision-recall` if both were measured, each as SVG and PNG.
pub fn draw(swept: &[Vec<Cell>], best: &[Cell], metric: &str, out: &Path) -> Result<()> {
    let by_weight = swept.iter().map(|cells| Series {
        name: cells
            .first()
            .map_or(String::new(), |cell| cell.method.clone()),
        points: points(cells, metric, |cell| cell.weight.unwrap_or(1.0)),
        joined: true,
    });
    let weights = Chart {
        title: format!("{metric} and the weight of guidance"),
        across: "weight W".to_owned(),
        up: metric.to_owned(),
        series: by_weight.collect(),
    };
    write(&weights, &out.join("weights"))?;
    let evaluations = Chart {
        title: format!("{metric} and evaluations for an image, at the best weights"),
        across: "evaluations of networks".to_owned(),
        up: metric.to_owned(),
        series: alone(best, |cell| {
            let evaluations = cell.evaluations.iter().sum::<u64>() as f64;
            Some((evaluations, cell.decides(metric)?.clone()))
        }),
    };
    write(&evaluations, &out.join("evaluations"))?;
    let front = alone(best, |cell| {
        let named = |wanted: &str| {
            let mut results = cell.evaluation.results.iter();
            let found = results.find(|(name, _)| name.split('@').next() == Some(wanted));
            found.map(|(_, number)| number.clone())
        };
        Some((named("recall")?.value, named("precision")?))
    });
    if front.is_empty() {
        return Ok(());
    }
    let front = Chart {
        title: "Precision and recall, at the best weights".to_owned(),
        across: "recall".to_owned(),
        up: "precision".to_owned(),
        series: front,
    };
    write(&front, &out.join("precision-recall"))
}

fn points(cells: &[Cell], metric: &str, x: impl Fn(&Cell) -> f64) -> Vec<Point> {
    let known = cells.iter();
    let known = known.filter_map(|cell| Some((x(cell), cell.decides(metric)?)));
    known.map(|(x, number)| point(x, number)).collect()
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

fn write(chart: &Chart, stem: &Path) -> Result<()> {
    let figure = chart.figure();
    foil_files::write(&stem.with_extension("svg"), figure.svg().as_bytes())?;
    foil_files::write(&stem.with_extension("png"), &figure.png(SCALE)?)?;
    Ok(())
}
