//! `foil toy diagnose`: whether a guide can help, where the ideal denoiser is known.

use anyhow::{Result, ensure};
use foil_toy::{
    sampling::{self, Guidance, levels},
    training::SavedModel,
};

use super::models::Models;
use crate::{
    arguments::DiagnoseToy,
    commands::diagnose::{self, Diagnosis, Level},
};

/// Compares the errors of model and guide.
pub fn run(arguments: &DiagnoseToy) -> Result<()> {
    let plan = &arguments.guidance;
    sampling::check(plan)?;
    diagnose::check_guide(plan)?;
    let main = SavedModel::load(&arguments.model)?;
    let guide = arguments.guide.as_deref();
    let unconditional = arguments.unconditional.as_deref();
    let models = Models::load(plan, main.config.class, guide, unconditional)?;
    foil_files::check_writable(&arguments.out)?;
    let guidance = Guidance {
        plan: plan.clone(),
        models: models.given(None),
    };
    let found = sampling::Diagnosis {
        main: &main.model,
        class: main.config.class,
        levels: levels(arguments.sigma_max, arguments.steps)?,
        places: arguments.points.into(),
        samples: arguments.samples,
        seed: arguments.seed,
    };
    let found = found.run(&guidance)?;
    ensure!(
        found.iter().all(|(_, level)| level.main_error.is_finite()),
        "{} makes no finite estimates",
        arguments.model.display()
    );
    let named = guide.or(unconditional);
    let diagnosis = Diagnosis {
        main: arguments.model.display().to_string(),
        guide: diagnose::guide(plan),
        guide_model: named.map(|path| path.display().to_string()),
        truth: "the ideal denoiser",
        samples: arguments.samples,
        seed: arguments.seed,
        levels: found
            .into_iter()
            .map(|(sigma, found)| Level::new(sigma, found))
            .collect(),
    };
    diagnose::write(&diagnosis, &arguments.out, arguments.json)
}
