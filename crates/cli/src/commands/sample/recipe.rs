//! What the name of a model fills in: networks, the method of guidance and its weight.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use foil_models::{
    bundled::{self, Bundle, Part},
    classes,
    preset::{self, Method, Preset},
};

use foil_training::in_one_line;

use super::settings::{Role, Settings};

/// A way to sample, of which each part can be chosen otherwise.
pub struct Recipe {
    pub model: String,
    /// As it is typed.
    pub guidance: String,
    /// The weaker version of the model, for autoguidance.
    guide: Option<String>,
    /// The network without classes, for classifier-free guidance.
    unconditional: Option<String>,
    /// The classifier of noisy images, for classifier guidance.
    classifier: Option<String>,
    /// What a file of settings says of everything else.
    pub rest: Option<Settings>,
    /// The bundle that the model is the main network of.
    pub bundle: Option<&'static Bundle>,
}

impl Recipe {
    /// Of a bundle, of a preset, of a file of settings, or of a network that has only itself.
    pub fn of(model: &str) -> Result<Self> {
        let bundle = bundled::find(model);
        if let Some(bundle) = bundle.filter(|bundle| bundle.name == model) {
            return Ok(Self::of_bundle(bundle));
        }
        if let Some(preset) = preset::find(model) {
            return Ok(Self::of_preset(preset));
        }
        if Path::new(model)
            .extension()
            .is_some_and(|end| end == "toml")
        {
            return Self::of_file(model);
        }
        Ok(Self {
            model: model.to_owned(),
            guidance: "none".to_owned(),
            guide: None,
            unconditional: None,
            classifier: None,
            rest: None,
            bundle,
        })
    }

    /// Of settings as `--dry-run` prints them.
    fn of_file(path: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
        let settings = toml::from_str::<Settings>(&text);
        let settings =
            settings.map_err(|error| anyhow!("{path}: {}", in_one_line(&error, &text)))?;
        settings.check().with_context(|| path.to_owned())?;
        Ok(Self {
            bundle: bundled::find(&settings.model),
            model: settings.model.clone(),
            guidance: settings.guidance.clone(),
            guide: settings.guide.clone(),
            unconditional: settings.unconditional.clone(),
            classifier: settings.classifier.clone(),
            rest: Some(settings),
        })
    }

    /// The main network, guided by its weaker version.
    pub fn of_bundle(bundle: &'static Bundle) -> Self {
        Self {
            model: bundle.network(Part::Main),
            guidance: format!("auto:{}", bundle.weight),
            guide: Some(bundle.network(Part::Guide)),
            unconditional: Some(bundle.network(Part::Unconditional)),
            classifier: Some(bundle.network(Part::NoisyClassifier)),
            rest: None,
            bundle: Some(bundle),
        }
    }

    fn of_preset(preset: &Preset) -> Self {
        let of = |method: Method| {
            let guidance = preset
                .guidance
                .filter(|guidance| guidance.method == method)?;
            Some(guidance.guide.to_string())
        };
        Self {
            model: preset.main.to_string(),
            guidance: match preset.guidance {
                None => "none".to_owned(),
                Some(guidance) => format!("{}:{}", guidance.method.name(), guidance.weight),
            },
            guide: of(Method::Auto),
            unconditional: of(Method::Cfg),
            classifier: None,
            rest: None,
            bundle: None,
        }
    }

    /// The network for this role.
    pub fn network(&self, role: Role) -> Option<&String> {
        match role {
            Role::Guide => self.guide.as_ref(),
            Role::Unconditional => self.unconditional.as_ref(),
            Role::Classifier => self.classifier.as_ref(),
        }
    }

    /// The number of a class that was typed as a number or a name; whether the network knows the number is another matter.
    pub fn class(&self, text: &str) -> Result<u32> {
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        let Some(bundle) = self.bundle else {
            return Ok(classes::imagenet_number(text)?);
        };
        match bundle.class(text) {
            Some(class) => Ok(class),
            None => bail!(
                "class '{text}' is no number and no class of {}: allowed are {}",
                bundle.data,
                bundle.classes.join(", ")
            ),
        }
    }
}
