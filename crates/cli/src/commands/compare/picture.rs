//! What methods make of the same seeds, at their best weights.

use std::path::Path;

use anyhow::Result;
use foil_diffusion::Step;

use super::{ROW, Work, cell::Cell, settings_at};
use crate::{
    commands::{
        evaluate::number_cell,
        sample::{Row, finite, write_rows},
    },
    interrupt,
};

/// The same seeds by each method, a row for each.
pub fn draw(work: &Work<'_>, best: &[Cell], path: &Path) -> Result<()> {
    let mut rows = Vec::new();
    for (method, cell) in work.methods.iter().zip(best) {
        let generation = &work.arguments.generation;
        let settings = settings_at(method, generation, cell.weight)?;
        let networks = work.networks(&settings)?;
        let loaded = networks.loaded()?;
        let seeds: Vec<u64> = (0..ROW).collect();
        let mut watch = |_: &Step<'_>| interrupt::check();
        let generator = loaded.generator(&settings)?;
        let made = generator.batch(&seeds, &generation.device, &mut watch)?;
        let mut images = Vec::new();
        for (row, &seed) in seeds.iter().enumerate() {
            let sample = made.samples.narrow(0, row, 1)?;
            finite(&sample, seed)?;
            images.extend(loaded.pixels(&sample)?);
        }
        let number = work.contest.number(&cell.evaluation)?;
        let metric = work.contest.metric.split('@').next().unwrap_or_default();
        let name = vec![cell.title(), format!("{metric} {}", number_cell(number))];
        rows.push(Row { name, images });
    }
    let generation = &work.arguments.generation;
    let settings = settings_at(&work.methods[0], generation, best[0].weight)?;
    let caption = vec![
        settings.model,
        format!("seeds 0–{}", ROW - 1),
        format!("{}, {} steps", settings.sampler, settings.steps),
        format!(
            "{} of {} images",
            work.contest.metric, work.arguments.images
        ),
    ];
    write_rows(path, &rows, caption)
}
