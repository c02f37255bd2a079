//! Facts about a file, in the order in which they are told: TOML for people, JSON for programs.

use std::fmt::Write as _;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

/// What is known of a file.
pub struct Report(Vec<(&'static str, Value)>);

impl Report {
    /// One that says nothing yet.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a fact.
    pub fn add(&mut self, key: &'static str, value: &impl Serialize) -> Result<()> {
        // By way of text, single precision keeps its short decimal form.
        let value = serde_json::from_str(&serde_json::to_string(value)?)?;
        self.0.push((key, value));
        Ok(())
    }

    /// For programs.
    pub fn json(self) -> Result<String> {
        let object: Map<String, Value> = self
            .0
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Ok(serde_json::to_string(&object)? + "\n")
    }

    /// For people. What is not known is left out; tables come last, as they must.
    pub fn toml(&self) -> String {
        let facts: Vec<_> = self.0.iter().map(|(key, value)| (*key, value)).collect();
        let mut text = String::new();
        table(&mut text, "", &facts);
        text
    }
}

/// Appends the values of a table, then the tables in it.
fn table(text: &mut String, name: &str, facts: &[(&str, &Value)]) {
    // Writing into a text cannot fail.
    for (key, value) in facts {
        if !value.is_object() && !value.is_null() {
            let _ = writeln!(text, "{} = {value}", bare_or_quoted(key));
        }
    }
    for (key, value) in facts {
        if let Some(inner) = value.as_object() {
            let name = format!("{name}{}", bare_or_quoted(key));
            // A table that holds only tables needs no line of its own.
            if inner.values().any(|value| !value.is_object()) {
                let _ = writeln!(text, "\n[{name}]");
            }
            let facts: Vec<_> = inner
                .iter()
                .map(|(key, value)| (key.as_str(), value))
                .collect();
            table(text, &format!("{name}."), &facts);
        }
    }
}

fn bare_or_quoted(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !key.is_empty() && key.bytes().all(bare) {
        return key.to_owned();
    }
    Value::from(key).to_string()
}
