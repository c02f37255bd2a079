//! `foil toy sample`: samples of one network, guided or not, and how good they are.

use anyhow::{Result, bail};
use foil_diffusion::guidance::{Guide, Interval, Plan};
use foil_toy::{
    distribution::{Class, Distribution, Posterior},
    metrics::{Judge, Metrics, Row},
    sampling::{self, Guidance, Sampling, levels},
    training::SavedModel,
};

use super::{Watch, models::Models, samples_file};
use crate::{arguments::Sample, output, progress::Progress};

/// Samples, writes, measures.
pub fn run(arguments: &Sample) -> Result<()> {
    let plan = arguments.guidance.clone().within(interval(arguments)?);
    sampling::check(&plan)?;
    let main = SavedModel::load(&arguments.model)?;
    let guide = arguments.guide.as_deref();
    let unconditional = arguments.unconditional.as_deref();
    let models = Models::load(&plan, main.config.class, guide, unconditional)?;
    let sampling = Sampling {
        sampler: arguments.sampler,
        levels: levels(arguments.sigma_max, arguments.steps)?,
        seed: arguments.seed,
    };
    foil_files::check_writable(foil_files::folder_of(&arguments.out))?;
    let progress = Progress::new();
    let bar = progress.bar("sampling", arguments.steps as u64, "steps");
    let class = Distribution::new(main.config.class);
    let start = sampling.start(&class, arguments.samples, arguments.seed);
    // Both classes together are led to the first.
    let posterior = Posterior::new(main.config.class).or_else(|| Posterior::new(Class::A));
    let guidance = Guidance {
        plan,
        models: models.given(posterior.as_ref()),
    };
    let (points, evaluations) = sampling.run(&main.model, &guidance, &start, &mut Watch(&bar))?;
    bar.done(&format!("{} samples", points.len()));
    if points.iter().flatten().any(|value| !value.is_finite()) {
        bail!("the trajectories diverged: choose a weight nearer to 1 or more steps");
    }
    let (title, weight) = described(&guidance.plan);
    let shown = weight.map_or_else(
        || title.clone(),
        |(letter, weight)| format!("{title}, {letter} = {weight}"),
    );
    samples_file::write(&arguments.out, &points, &shown, &format!("{arguments:?}"))?;
    progress.say(&format!("wrote {}", arguments.out.display()));
    if leads_to_a(&guidance.plan, main.config.class) {
        let measures = Judge::new(points.len().max(10_000), arguments.seed)?.measure(&points)?;
        let (weight, interval) = in_table(&guidance.plan);
        let mut row = Row::new(&shown, weight, points.len(), measures);
        row.interval = interval;
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

/// Whether the samples should be of class A, which is judged.
fn leads_to_a(plan: &Plan, class: Class) -> bool {
    let mut guides = plan.terms().iter().map(|term| &term.guide);
    match class {
        Class::A => true,
        Class::AB => guides.any(|guide| matches!(guide, Guide::Classifier(_))),
        Class::B => false,
    }
}

fn interval(arguments: &Sample) -> Result<Option<Interval>> {
    let gate = arguments.gate.into();
    let gated = arguments
        .interval
        .map(|interval| Interval::new(interval.low(), interval.high(), gate));
    Ok(gated.transpose()?)
}

/// A name for people and, if it says all, the weight with its letter; of compositions their text.
fn described(plan: &Plan) -> (String, Option<(&'static str, f64)>) {
    let name = match plan.terms() {
        [] if plan.finishes().is_empty() => return ("No guidance".to_owned(), None),
        [term] if is_plain(plan) => match term.guide {
            Guide::Auto(_) => "Autoguidance",
            Guide::ClassifierFree(_) => "Classifier-free guidance",
            Guide::Truncate(_) => "Naive truncation",
            Guide::Classifier(_) => "Classifier guidance",
            _ => return (format!("Guidance, {plan}"), None),
        },
        _ => return (format!("Guidance, {plan}"), None),
    };
    let term = &plan.terms()[0];
    let letter = if matches!(term.guide, Guide::Classifier(_)) {
        "s"
    } else {
        "w"
    };
    (name.to_owned(), Some((letter, term.strength.value)))
}

/// Whether a plan is one guide with a weight and at most an interval.
fn is_plain(plan: &Plan) -> bool {
    let [term] = plan.terms() else {
        return false;
    };
    term.shapes.is_empty() && term.strength.schedule.is_none() && plan.finishes().is_empty()
}

/// Weight and interval, where one number is the weight and two are the interval.
fn in_table(plan: &Plan) -> (Option<f64>, Option<[f64; 2]>) {
    match plan.terms() {
        [] => (Some(1.0), None),
        [term] => {
            let interval = term.strength.interval;
            let ends = interval.map(|interval| [interval.low(), interval.high()]);
            (Some(term.strength.value), ends)
        }
        _ => (None, None),
    }
}
