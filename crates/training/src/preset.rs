//! The runs that Foil knows by name: those of the networks that come with it.

use crate::{Error, Result, Settings};

/// Names and settings as TOML.
const ALL: [(&str, &str); 10] = [
    (
        "fashion",
        include_str!("../../../presets/train/fashion.toml"),
    ),
    (
        "fashion-guide",
        include_str!("../../../presets/train/fashion-guide.toml"),
    ),
    (
        "fashion-unconditional",
        include_str!("../../../presets/train/fashion-unconditional.toml"),
    ),
    (
        "fashion-clean-classifier",
        include_str!("../../../presets/train/fashion-clean-classifier.toml"),
    ),
    (
        "fashion-noisy-classifier",
        include_str!("../../../presets/train/fashion-noisy-classifier.toml"),
    ),
    ("digits", include_str!("../../../presets/train/digits.toml")),
    (
        "digits-guide",
        include_str!("../../../presets/train/digits-guide.toml"),
    ),
    (
        "digits-unconditional",
        include_str!("../../../presets/train/digits-unconditional.toml"),
    ),
    (
        "digits-clean-classifier",
        include_str!("../../../presets/train/digits-clean-classifier.toml"),
    ),
    (
        "digits-noisy-classifier",
        include_str!("../../../presets/train/digits-noisy-classifier.toml"),
    ),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|(name, _)| *name)
}

/// One of them.
pub fn find(name: &str) -> Result<Settings> {
    let found = ALL.iter().find(|(known, _)| *known == name);
    let Some((_, text)) = found else {
        let names: Vec<&str> = names().collect();
        return Err(Error::Settings(format!(
            "unknown preset '{name}'; there are {}",
            names.join(", ")
        )));
    };
    Settings::from_toml(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_preset_can_be_read_and_describes_a_run() {
        for name in super::names() {
            let settings = super::find(name).expect("readable");
            settings.check().expect("a run");
        }
    }
}
