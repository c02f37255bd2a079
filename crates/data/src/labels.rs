//! The class of each image: by a description beside the images, or by the folders that they are in.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Deserialize;

use crate::{Error, Result, error::shown};

/// A network's first layer has a column for each class.
const MOST_CLASSES: u32 = 1 << 20;

/// The classes of a list of images.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    pub(crate) of: Vec<u32>,
    /// One more than the largest.
    pub(crate) classes: usize,
    /// The names of the classes, or nothing where they have none.
    pub(crate) names: Vec<String>,
}

impl Labels {
    /// From numbers.
    pub(crate) fn from_bytes(labels: &[u8]) -> Self {
        Self {
            of: labels.iter().map(|&label| u32::from(label)).collect(),
            classes: labels
                .iter()
                .max()
                .map_or(0, |&label| usize::from(label) + 1),
            names: Vec::new(),
        }
    }

    /// From whole numbers, or what is wrong with one of them.
    pub(crate) fn from_numbers(
        labels: impl Iterator<Item = i64>,
    ) -> std::result::Result<Self, String> {
        let class = |label: i64| {
            let class = u32::try_from(label).ok();
            let class = class.filter(|&class| class < MOST_CLASSES);
            class.ok_or_else(|| {
                format!(
                    "a label of {label}, not a number from 0 to {}",
                    MOST_CLASSES - 1
                )
            })
        };
        let of: Vec<u32> = labels.map(class).collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            classes: of.iter().max().map_or(0, |&label| label as usize + 1),
            of,
            names: Vec::new(),
        })
    }

    /// Only those for which `kept` is true; the classes stay.
    pub(crate) fn retain(mut self, kept: &[bool]) -> Self {
        let mut kept = kept.iter();
        self.of.retain(|_| *kept.next().unwrap_or(&true));
        self
    }
}

/// The content of `dataset.json`.
#[derive(Deserialize)]
struct Description {
    labels: Option<Vec<(String, Label)>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Class(f64),
    Vector(Vec<f64>),
}

/// The folder of an image below the root; the root itself has no name.
fn folder(name: &str) -> &str {
    name.split_once('/').map_or("", |(folder, _)| folder)
}

/// Each folder below the root is a class, numbered in the order of their names; `None` where there is only one.
///
/// EDM2's archives number images in folders of a thousand (`00012/img00012345.png`), which are no classes.
pub(crate) fn from_folders(names: &[&str]) -> Option<Labels> {
    let mut classes: BTreeMap<&str, u32> = names.iter().map(|name| (folder(name), 0)).collect();
    if classes.len() < 2 || names.iter().all(|name| is_numbered(name)) {
        return None;
    }
    for (number, class) in classes.values_mut().enumerate() {
        *class = number as u32;
    }
    Some(Labels {
        of: names.iter().map(|name| classes[folder(name)]).collect(),
        classes: classes.len(),
        names: classes.into_keys().map(str::to_owned).collect(),
    })
}

/// Whether an image lies in the folder of its number's first five digits.
fn is_numbered(name: &str) -> bool {
    let Some((folder, file)) = name.split_once('/') else {
        return false;
    };
    let digits = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let digits = digits.trim_start_matches(|character: char| !character.is_ascii_digit());
    digits.len() == 8
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && digits[..5] == *folder
}

/// The labels that a description gives to images; `None` where it says that there are none.
///
/// A label is a number, or as many numbers as there are classes, of which one is 1 and the others are 0.
pub(crate) fn from_description(path: &Path, text: &[u8], names: &[&str]) -> Result<Option<Labels>> {
    let wrong = |problem: String| Error::foreign(path, problem);
    let description: Description = serde_json::from_slice(text).map_err(|error| {
        wrong(format!(
            "{error}; expected is {{\"labels\": [[\"00000/img00000000.png\", 6], …]}}, or null instead of the list"
        ))
    })?;
    let Some(labels) = description.labels else {
        return Ok(None);
    };
    let given: HashMap<&str, &Label> = labels
        .iter()
        .map(|(name, label)| (name.as_str(), label))
        .collect();
    let mut of = Vec::with_capacity(names.len());
    let mut form = None;
    for name in names {
        let label = given
            .get(name)
            .or_else(|| given.get(name.replace('\\', "/").as_str()));
        let label = label.ok_or_else(|| wrong(format!("no label for '{}'", shown(name))))?;
        let same = *form.get_or_insert(label.length()) == label.length();
        let class = if same {
            label.class()
        } else {
            Err("another form than the first label".into())
        };
        of.push(
            class
                .map_err(|problem| wrong(format!("the label of '{}' is {problem}", shown(name))))?,
        );
    }
    let largest = of.iter().max().map_or(0, |&class| class as usize + 1);
    Ok(Some(Labels {
        of,
        classes: form.filter(|&length| length > 0).unwrap_or(largest),
        names: Vec::new(),
    }))
}

impl Label {
    /// Of a vector; 0 for a number.
    fn length(&self) -> usize {
        match self {
            Self::Class(_) => 0,
            Self::Vector(values) => values.len(),
        }
    }

    /// As a number, or what it is instead.
    fn class(&self) -> std::result::Result<u32, String> {
        let class = match self {
            Self::Class(class) => *class,
            Self::Vector(values) => {
                let mut others = values
                    .iter()
                    .enumerate()
                    .filter(|(_, value)| **value != 0.0);
                match (others.next(), others.next()) {
                    (Some((place, value)), None) if (value - 1.0).abs() < f64::EPSILON => {
                        place as f64
                    }
                    _ => {
                        return Err("a vector that names no class; only classes can be read".into());
                    }
                }
            }
        };
        if class.fract() != 0.0 || !(0.0..f64::from(MOST_CLASSES)).contains(&class) {
            let largest = MOST_CLASSES - 1;
            return Err(format!("{class}, not a whole number from 0 to {largest}"));
        }
        Ok(class as u32)
    }
}
