//! The files in `presets/`, which are part of the program.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Network;

/// A published way to sample: networks, guidance, and the score that its authors report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Preset {
    /// As published.
    pub name: String,
    /// The network that makes the images.
    pub main: Network,
    /// The network that guides it, and how.
    pub guidance: Option<Guidance>,
    /// The score of 50,000 images.
    pub published: Published,
}

/// How one network guides another: guide + weight·(main − guide).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guidance {
    /// What the guide is to the main network.
    pub method: Method,
    /// The network that guides.
    pub guide: Network,
    /// 1 is no guidance.
    pub weight: f64,
}

/// What the guide is to the main network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A worse version of it, with the same condition.
    Auto,
    /// One without its condition.
    Cfg,
}

impl Method {
    /// As the command line and the files in `presets/` call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cfg => "cfg",
        }
    }
}

/// The metric that a preset is tuned for, with its published value; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Published {
    /// Fréchet distance of Inception features.
    Fid(f64),
    /// Fréchet distance of DINOv2 features.
    #[serde(rename = "fd-dinov2")]
    FdDinov2(f64),
}

impl Preset {
    /// The networks it needs: the main one, then its guide.
    pub fn networks(&self) -> Vec<Network> {
        let guide = self.guidance.map(|guidance| guidance.guide);
        std::iter::once(self.main).chain(guide).collect()
    }
}

/// All presets, in the order of the papers' tables.
pub fn all() -> &'static [Preset] {
    &ALL
}

/// The preset of that name.
pub fn find(name: &str) -> Option<&'static Preset> {
    ALL.iter().find(|preset| preset.name == name)
}

static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    const FILES: [&str; 3] = [
        include_str!("../../../../presets/edm2-img512.toml"),
        include_str!("../../../../presets/edm2-img64.toml"),
        include_str!("../../../../presets/autoguidance.toml"),
    ];
    let presets = FILES.into_iter().flat_map(|text| {
        let file: File = toml::from_str(text).expect("the embedded files are read in a test");
        file.preset
    });
    presets.collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Preset>,
}
