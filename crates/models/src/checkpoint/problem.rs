//! What is wrong with the inside of a file, before the file's name is put in front of it.

/// One line without the file's name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Problem(pub(crate) String);

impl Problem {
    /// From what is wrong.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The same with the part of the file in front that it is about; the whole file has no name.
    pub(crate) fn at(self, part: &str) -> Self {
        if part.is_empty() {
            return self;
        }
        Self(format!("{part}: {self}"))
    }
}

impl From<crate::Error> for Problem {
    fn from(error: crate::Error) -> Self {
        // The name comes back when the problem becomes the file's error.
        match error {
            crate::Error::Weights { problem, .. } | crate::Error::Foreign { problem, .. } => {
                Self(problem)
            }
            crate::Error::File { source, .. } => Self(source.to_string()),
            other => Self(other.to_string()),
        }
    }
}

/// The result of reading a part of a file.
pub(crate) type Found<T> = Result<T, Problem>;

/// Text from a file, fit for one line of a terminal whatever it holds.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut characters = text.chars();
    let short: String = characters.by_ref().take(LONGEST).collect();
    let more = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("{}{more}", short.escape_debug())
}
