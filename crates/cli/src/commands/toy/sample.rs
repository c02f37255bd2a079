//! `foil toy sample`: samples of one network, guided or not, and how good they are.

use anyhow::{Context, Result, bail};
use foil_diffusion::guidance::Interval;
use foil_toy::{
    distribution::{Class, Distribution},
    metrics::{Judge, Metrics, Row},
    sampling::{Guidance, Plan, levels},
    training::SavedModel,
};

use super::{Watch, samples_file};
use crate::{
    arguments::{GuidanceName, Sample},
    output,
    progress::Progress,
};

/// Samples, writes, measures.
pub fn run(arguments: &Sample) -> Result<()> {
    let main = SavedModel::load(&arguments.model)?;
    let guide = guide(arguments, main.config.class)?;
    let guidance = guidance(arguments.guidance, guide.as_ref())?;
    let plan = Plan {
        sampler: arguments.sampler,
        levels: levels(arguments.sigma_max, arguments.steps)?,
        interval: interval(arguments)?,
        seed: arguments.seed,
    };
    foil_files::check_writable(foil_files::folder_of(&arguments.out))?;
    let progress = Progress::new();
    let bar = progress.bar("sampling", arguments.steps as u64, "steps");
    let start = plan.start(
        &Distribution::new(main.config.class),
        arguments.samples,
        arguments.seed,
    );
    let (points, evaluations) = plan.run(&main.model, guidance, &start, &mut Watch(&bar))?;
    bar.done(&format!("{} samples", points.len()));
    if points.iter().flatten().any(|value| !value.is_finite()) {
        bail!("the trajectories diverged: choose a weight nearer to 1 or more steps");
    }
    let title = title(arguments.guidance);
    samples_file::write(&arguments.out, &points, &title, &format!("{arguments:?}"))?;
    progress.say(&format!("wrote {}", arguments.out.display()));
    if main.config.class == Class::A {
        let measures = Judge::new(points.len().max(10_000), arguments.seed)?.measure(&points)?;
        let mut row = Row::new(&title, arguments.guidance.weight(), points.len(), measures);
        row.interval = plan
            .interval
            .map(|interval| [interval.low(), interval.high()]);
        (row.evaluations_strong, row.evaluations_weak) = (evaluations.strong, evaluations.weak);
        let metrics = Metrics {
            rows: vec![row],
            training: vec![],
            guide_search: vec![],
        };
        output::print(&metrics.table())?;
    }
    Ok(())
}

/// The guide that the method needs, checked to be one for it.
fn guide(arguments: &Sample, class: Class) -> Result<Option<SavedModel>> {
    let (method, needed, why) = match arguments.guidance {
        GuidanceName::Auto(_) => (
            "auto:W",
            class,
            "autoguidance needs a model of the main model's class",
        ),
        GuidanceName::ClassifierFree(_) => (
            "cfg:W",
            Class::AB,
            "classifier-free guidance needs a model of both classes,",
        ),
        GuidanceName::None | GuidanceName::Truncation(_) => match &arguments.guide {
            Some(path) => bail!(
                "--guide {} has no use with guidance none or truncate:W",
                path.display()
            ),
            None => return Ok(None),
        },
    };
    let path = arguments
        .guide
        .as_deref()
        .with_context(|| format!("guidance {method} needs --guide FILE"))?;
    let guide = SavedModel::load(path)?;
    let found = guide.config.class;
    if found != needed {
        bail!(
            "{} models class {}, but {why} {}",
            path.display(),
            found.name(),
            needed.name()
        );
    }
    Ok(Some(guide))
}

fn guidance(name: GuidanceName, guide: Option<&SavedModel>) -> Result<Guidance<'_>> {
    let model = || {
        guide
            .map(|guide| &guide.model)
            .context("guidance needs --guide FILE")
    };
    Ok(match name {
        GuidanceName::None => Guidance::None,
        GuidanceName::Auto(weight) => Guidance::Auto(model()?, weight),
        GuidanceName::ClassifierFree(weight) => Guidance::ClassifierFree(model()?, weight),
        GuidanceName::Truncation(weight) => Guidance::Truncation(weight),
    })
}

fn interval(arguments: &Sample) -> Result<Option<Interval>> {
    let gate = arguments.gate.into();
    let gated = arguments
        .interval
        .map(|interval| Interval::new(interval.low(), interval.high(), gate));
    Ok(gated.transpose()?)
}

fn title(name: GuidanceName) -> String {
    match name {
        GuidanceName::None => "No guidance".into(),
        GuidanceName::Auto(weight) => format!("Autoguidance, w = {weight}"),
        GuidanceName::ClassifierFree(weight) => format!("Classifier-free guidance, w = {weight}"),
        GuidanceName::Truncation(weight) => format!("Naive truncation, w = {weight}"),
    }
}
