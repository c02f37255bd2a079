//! The keys of a method, `(eta=0,norm=2.5)`: read once, then asked for one by one.

use super::{Cursor, TextError};

/// What a number may be, and how a message says so.
#[derive(Clone, Copy)]
pub(in crate::guidance) struct Allowed {
    test: fn(f64) -> bool,
    says: &'static str,
}

impl Allowed {
    pub(in crate::guidance) const FINITE: Self = Self {
        test: f64::is_finite,
        says: "a finite number",
    };
    pub(in crate::guidance) const POSITIVE: Self = Self {
        test: |value| value > 0.0 && value.is_finite(),
        says: "a finite number above 0",
    };
    pub(in crate::guidance) const POSITIVE_OR_INFINITE: Self = Self {
        test: |value| value > 0.0,
        says: "a number above 0, or inf",
    };
    pub(in crate::guidance) const NOT_NEGATIVE: Self = Self {
        test: |value| value >= 0.0 && value.is_finite(),
        says: "a finite number not below 0",
    };
    pub(in crate::guidance) const AT_LEAST_ONE: Self = Self {
        test: |value| value >= 1.0 && value.is_finite(),
        says: "a finite number not below 1",
    };
    pub(in crate::guidance) const SHARE: Self = Self {
        test: |value| (0.0..=1.0).contains(&value),
        says: "a number from 0 to 1",
    };
    pub(in crate::guidance) const SHARE_BELOW_ONE: Self = Self {
        test: |value| (0.0..1.0).contains(&value),
        says: "a number from 0 to below 1",
    };
    pub(in crate::guidance) const MOMENTUM: Self = Self {
        test: |value| value.abs() < 1.0,
        says: "a number between -1 and 1",
    };
    pub(in crate::guidance) const COSINE: Self = Self {
        test: |value| (-1.0..=1.0).contains(&value),
        says: "a number from -1 to 1",
    };
}

struct Entry<'t> {
    key: &'t str,
    value: &'t str,
    place: usize,
}

/// The keys that were written, all of them known to the method and none twice.
pub(in crate::guidance) struct Keys<'c, 't> {
    cursor: &'c Cursor<'t>,
    method: &'static str,
    /// Where a missing key is missing.
    end: usize,
    entries: Vec<Entry<'t>>,
}

impl<'c, 't> Keys<'c, 't> {
    pub(super) fn read(
        cursor: &'c mut Cursor<'t>,
        method: &'static str,
        known: &'static [&'static str],
    ) -> Result<Self, TextError> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        let mut end = cursor.place();
        if cursor.take("(") && !cursor.take(")") {
            loop {
                let entry = entry(cursor, method, known)?;
                if entries.iter().any(|other| other.key == entry.key) {
                    let problem = format!("key '{}' is written twice", entry.key);
                    return Err(cursor.fail_at(entry.place, problem));
                }
                entries.push(entry);
                end = cursor.place();
                if !cursor.take(",") {
                    cursor.expect(")", "or ','")?;
                    break;
                }
            }
        }
        Ok(Self {
            cursor,
            method,
            end,
            entries,
        })
    }

    /// A number with a default.
    pub(in crate::guidance) fn number(
        &self,
        key: &str,
        default: f64,
        allowed: Allowed,
    ) -> Result<f64, TextError> {
        let found = self.entries.iter().find(|entry| entry.key == key);
        found.map_or(Ok(default), |entry| self.checked(entry, allowed))
    }

    /// A number that has no published default.
    pub(in crate::guidance) fn required(
        &self,
        key: &str,
        allowed: Allowed,
    ) -> Result<f64, TextError> {
        self.checked(self.entry(key)?, allowed)
    }

    /// A whole number with a default, within bounds.
    pub(in crate::guidance) fn count(
        &self,
        key: &str,
        default: Option<usize>,
        bounds: std::ops::RangeInclusive<usize>,
    ) -> Result<usize, TextError> {
        let found = self.entries.iter().find(|entry| entry.key == key);
        if let (None, Some(default)) = (found, default) {
            return Ok(default);
        }
        let entry = self.entry(key)?;
        let value = entry.value.parse::<usize>().ok();
        value.filter(|value| bounds.contains(value)).ok_or_else(|| {
            let (low, high) = (bounds.start(), bounds.end());
            self.refuse(entry, &format!("a whole number from {low} to {high}"))
        })
    }

    /// One of some words; the first is the default.
    pub(in crate::guidance) fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<T, TextError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.key == key) else {
            return Ok(words[0].1);
        };
        let found = words.iter().find(|(word, _)| *word == entry.value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(entry, &format!("one of {}", known.join(", ")))
        })
    }

    /// One or more names separated by slashes, none twice.
    pub(in crate::guidance) fn list(&self, key: &str) -> Result<Vec<String>, TextError> {
        let entry = self.entry(key)?;
        let names: Vec<String> = entry.value.split('/').map(str::to_owned).collect();
        let is_name = |name: &String| {
            let part = |sign: char| sign.is_ascii_alphanumeric() || "_-.".contains(sign);
            !name.is_empty() && name.chars().all(part)
        };
        let twice = (1..names.len()).any(|at| names[..at].contains(&names[at]));
        if twice || !names.iter().all(is_name) {
            let allowed = "different names of letters, digits, '_', '-' and '.', separated by '/'";
            return Err(self.refuse(entry, allowed));
        }
        Ok(names)
    }

    /// A complaint about what keys mean together.
    pub(in crate::guidance) fn fail(&self, problem: String) -> TextError {
        self.cursor.fail_at(self.end, problem)
    }

    fn entry(&self, key: &str) -> Result<&Entry<'t>, TextError> {
        let found = self.entries.iter().find(|entry| entry.key == key);
        found.ok_or_else(|| self.fail(format!("{} needs the key '{key}'", self.method)))
    }

    fn checked(&self, entry: &Entry<'t>, allowed: Allowed) -> Result<f64, TextError> {
        let value = entry.value.parse::<f64>().ok();
        value
            .filter(|value| (allowed.test)(*value))
            .ok_or_else(|| self.refuse(entry, allowed.says))
    }

    fn refuse(&self, entry: &Entry<'t>, allowed: &str) -> TextError {
        let (key, value) = (entry.key, entry.value.escape_debug());
        let problem = format!("{key} must be {allowed}, found '{value}'");
        self.cursor.fail_at(entry.place, problem)
    }
}

/// `key=value`, or a value for the first key.
fn entry<'t>(
    cursor: &mut Cursor<'t>,
    method: &'static str,
    known: &'static [&'static str],
) -> Result<Entry<'t>, TextError> {
    let (place, first) = cursor.value();
    if !cursor.take("=") {
        return match (known.first(), first) {
            (_, "") => {
                let found = cursor.found();
                Err(cursor.fail(format!("expected a key, found {found}")))
            }
            (None, _) => Err(cursor.fail_at(place, format!("{method} has no keys"))),
            (Some(key), value) => Ok(Entry { key, value, place }),
        };
    }
    if !known.contains(&first) {
        let allowed = match known {
            [] => format!("{method} has none"),
            _ => format!("allowed are {}", known.join(", ")),
        };
        let problem = format!("unknown key '{}'; {allowed}", first.escape_debug());
        return Err(cursor.fail_at(place, problem));
    }
    let (place, value) = cursor.value();
    Ok(Entry {
        key: first,
        value,
        place,
    })
}

/// A number as canonical text has it: the shortest that reads back the same.
pub(in crate::guidance) fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-5..1e16).contains(&size) || size.is_infinite() {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// The word for a choice.
pub(in crate::guidance) fn words<T: Copy + PartialEq>(words: &[(&str, T)], choice: T) -> String {
    let found = words.iter().find(|(_, meaning)| *meaning == choice);
    found.expect("every choice has a word").0.to_owned()
}
