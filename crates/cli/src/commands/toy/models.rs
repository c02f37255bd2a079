//! The models of the laboratory that a plan of guidance needs, from their files.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use foil_diffusion::guidance::{Guide, Plan};
use foil_toy::{
    distribution::{Class, Posterior},
    sampling::GuideModels,
    training::SavedModel,
};

/// What was loaded.
pub struct Models {
    auto: Option<SavedModel>,
    unconditional: Option<SavedModel>,
}

impl Models {
    /// Loads what a plan needs to guide a model of `class`, and checks that it is of the right class. What was named and is not
    /// needed is a mistake.
    pub fn load<'a>(
        plan: &Plan,
        class: Class,
        mut guide: Option<&'a Path>,
        mut unconditional: Option<&'a Path>,
    ) -> Result<Self> {
        let guides = || plan.terms().iter().map(|term| &term.guide);
        let needs_auto = guides().any(|guide| matches!(guide, Guide::Auto(_)));
        let needs_both = guides().any(|guide| matches!(guide, Guide::ClassifierFree(_)));
        // Where only one model guides, there is no doubt what it is for.
        if needs_both && !needs_auto && unconditional.is_none() {
            unconditional = guide.take();
        }
        let auto = Role {
            flag: "--guide",
            class,
            why: "autoguidance needs a model of the main model's class",
        };
        let both = Role {
            flag: "--unconditional",
            class: Class::AB,
            why: "classifier-free guidance needs a model of both classes,",
        };
        Ok(Self {
            auto: auto.load(plan, guide, needs_auto)?,
            unconditional: both.load(plan, unconditional, needs_both)?,
        })
    }

    /// For a run; the classifier is no file.
    pub fn given<'a>(&'a self, classifier: Option<&'a Posterior>) -> GuideModels<'a> {
        let model = |saved: &'a Option<SavedModel>| saved.as_ref().map(|saved| &saved.model);
        GuideModels {
            auto: model(&self.auto),
            unconditional: model(&self.unconditional),
            classifier,
        }
    }
}

/// What a model is for.
struct Role {
    flag: &'static str,
    class: Class,
    why: &'static str,
}

impl Role {
    fn load(&self, plan: &Plan, path: Option<&Path>, needed: bool) -> Result<Option<SavedModel>> {
        let flag = self.flag;
        let path = match (path, needed) {
            (None, false) => return Ok(None),
            (Some(path), false) => {
                bail!("{flag} {} has no use with guidance {plan}", path.display())
            }
            (path, true) => path.with_context(|| format!("guidance {plan} needs {flag} FILE"))?,
        };
        let model = SavedModel::load(path)?;
        let found = model.config.class;
        ensure!(
            found == self.class,
            "{} models class {}, but {} {}",
            path.display(),
            found.name(),
            self.why,
            self.class.name()
        );
        Ok(Some(model))
    }
}
