//! What a comparison says in words.

use super::{comparison::Comparison, layout::Labels, settings::Settings};
use crate::arguments::RandomName;

/// Names of the rows and columns, and what else has to be known to repeat it.
pub fn labels(comparison: &Comparison) -> Labels {
    let rows = comparison.rows();
    let columns = comparison.weights.iter();
    Labels {
        rows: rows.iter().map(|row| texts(row.label)).collect(),
        columns: columns.map(|weight| format!("w = {weight}")).collect(),
        caption: caption(comparison),
    }
}

fn texts(lines: &[&str]) -> Vec<String> {
    lines.iter().copied().map(str::to_owned).collect()
}

fn caption(comparison: &Comparison) -> Vec<String> {
    let settings = &comparison.unguided;
    let named = |what: &str, name: &Option<String>| {
        let name = name.as_ref()?;
        Some(format!("{what} {}", short(name)))
    };
    let mut said = vec![format!("model {}", short(&settings.model))];
    said.extend(named("unconditional", &comparison.unconditional));
    said.extend(named("guide", &comparison.guide));
    let degradation = settings.degradation.iter();
    said.extend(degradation.map(|degradation| format!("made worse by {degradation}")));
    said.push(seeds(&comparison.seeds));
    said.extend(settings.class.map(|class| format!("class {class}")));
    said.extend(sampling(settings));
    let interval = comparison.interval.as_ref();
    said.extend(interval.map(|interval| format!("guided for σ in {interval}")));
    said
}

fn sampling(settings: &Settings) -> Vec<String> {
    let Settings {
        steps,
        sigma_min,
        sigma_max,
        rho,
        ..
    } = settings;
    let mut said = vec![format!("{}, {steps} steps", settings.sampler)];
    said.push(format!("σ {sigma_max} to {sigma_min}, ρ {rho}"));
    said.extend(
        settings
            .churn
            .map(|churn| format!("churn {}", churn.amount)),
    );
    let random = match settings.rng {
        RandomName::Foil => None,
        RandomName::TorchCpu => Some("noise of PyTorch's CPU generator"),
        RandomName::TorchCuda => Some("noise of PyTorch's CUDA generator"),
    };
    said.extend(random.map(str::to_owned));
    said.push(settings.precision.name().to_owned());
    said
}

/// The last part of a network's address.
fn short(name: &str) -> &str {
    let last = name.rsplit('/').find(|part| !part.is_empty());
    last.unwrap_or(name)
}

/// "seeds 0–3, 7": neighbours are drawn together.
fn seeds(seeds: &[u64]) -> String {
    let mut runs: Vec<[u64; 2]> = Vec::new();
    for &seed in seeds {
        match runs.last_mut() {
            Some([_, last]) if last.checked_add(1) == Some(seed) => *last = seed,
            _ => runs.push([seed, seed]),
        }
    }
    let run = |[first, last]: &[u64; 2]| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    let what = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!("{what} {}", runs.join(", "))
}
