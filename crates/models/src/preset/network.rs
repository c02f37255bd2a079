//! Networks as their files are called: `edm2-img512-xs-uncond-2147483-0.045` is EDM2 on ImageNet-512, of size XS, without
//! classes, after 2,147,483 thousand images, averaged with a relative EMA length of 0.045. Without the last two parts it is
//! the architecture.

use std::{fmt, str::FromStr};

use serde::Deserialize;

use crate::edm2::{Config, Size};

/// Under what conditions NVIDIA publishes the weights.
pub const LICENCE: &str = "CC BY-NC-SA 4.0";

/// Where NVIDIA publishes the averaged weights.
const PUBLISHED_AT: &str = "https://nvlabs-fi-cdn.nvidia.com/edm2/posthoc-reconstructions/";

/// Classes of ImageNet.
const CLASSES: usize = 1000;

/// Bytes of a parameter in the published files, which hold f16.
const PARAMETER_BYTES: u64 = 2;

/// Training lengths are whole multiples of this many images.
const IMAGES_UNIT: u64 = 1 << 20;

/// What a network was trained on, and so what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataSet {
    /// ImageNet as 512×512 pixels, in latents of 64×64.
    Img512,
    /// ImageNet as 64×64 pixels.
    Img64,
}

impl DataSet {
    const NAMED: [(&str, Self); 2] = [("img512", Self::Img512), ("img64", Self::Img64)];
}

/// One average of the weights of one training run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Images seen in training, in thousands, rounded down.
    pub thousand_images: u32,
    /// Relative standard deviation of the averaging profile, in thousandths. EDM2, section 3.
    pub ema_thousandths: u16,
}

impl Snapshot {
    /// Images seen in training: the multiple of 2²⁰ that the name rounds.
    pub fn images(self) -> u64 {
        (u64::from(self.thousand_images) * 1000).next_multiple_of(IMAGES_UNIT)
    }

    /// Relative standard deviation of the averaging profile.
    pub fn ema_length(self) -> f64 {
        f64::from(self.ema_thousandths) / 1000.0
    }
}

/// A published network, or the architecture of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    /// What it makes.
    pub data_set: DataSet,
    /// How large it is.
    pub size: Size,
    /// Whether it takes a class.
    pub conditional: bool,
    /// Its weights; without, it is an architecture whose weights are still to be drawn or trained.
    pub snapshot: Option<Snapshot>,
}

impl Network {
    /// How the network is built.
    pub fn config(&self) -> Config {
        let labels = if self.conditional { CLASSES } else { 0 };
        match self.data_set {
            DataSet::Img512 => Config::latents(self.size, labels),
            DataSet::Img64 => Config::pixels(self.size, labels),
        }
    }

    /// Where its weights are published, if it has some.
    pub fn url(&self) -> Option<String> {
        self.snapshot.map(|_| format!("{PUBLISHED_AT}{self}.pkl"))
    }

    /// Size of its parameters in a published file.
    #[expect(
        clippy::missing_panics_doc,
        reason = "a test plans every size, and no user can make another"
    )]
    pub fn bytes(&self) -> u64 {
        let config = self.config();
        let plan = config.plan().expect("published sizes have a plan");
        plan.parameters(&config) as u64 * PARAMETER_BYTES
    }

    /// Its name without what all networks of the data set share: `xs-uncond-2147483-0.045`.
    pub fn short_name(&self) -> String {
        let size = named(&Size::NAMED, self.size);
        let condition = if self.conditional { "" } else { "-uncond" };
        match self.snapshot {
            None => format!("{size}{condition}"),
            Some(snapshot) => format!(
                "{size}{condition}-{:07}-{:.3}",
                snapshot.thousand_images,
                snapshot.ema_length()
            ),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data_set = named(&DataSet::NAMED, self.data_set);
        write!(formatter, "edm2-{data_set}-{}", self.short_name())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            format!(
                "'{text}' names no network; expected is edm2-(img512|img64)-<size>[-uncond][-<thousand images>-<EMA length>]"
            )
        })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// `None` where the name is not one that `Display` writes.
fn parse(text: &str) -> Option<Network> {
    let mut parts = text.strip_prefix("edm2-")?.split('-').peekable();
    let data_set = valued(&DataSet::NAMED, parts.next()?)?;
    let size = valued(&Size::NAMED, parts.next()?)?;
    let conditional = parts.next_if_eq(&"uncond").is_none();
    let snapshot = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => None,
        (Some(images), Some(length), None) => Some(Snapshot {
            thousand_images: digits(images, 7)?,
            ema_thousandths: digits(length.strip_prefix("0.")?, 3)?,
        }),
        _ => return None,
    };
    Some(Network {
        data_set,
        size,
        conditional,
        snapshot,
    })
}

/// A number of exactly so many digits, without the signs that `parse` takes.
fn digits<T: FromStr>(text: &str, count: usize) -> Option<T> {
    let digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn named<T: Copy + PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    let found = names.iter().find(|(_, other)| *other == value);
    found.map_or("", |(name, _)| name)
}

fn valued<T: Copy>(names: &[(&str, T)], name: &str) -> Option<T> {
    let found = names.iter().find(|(other, _)| *other == name);
    found.map(|(_, value)| *value)
}
