//! The environment variables that count, read once; tests make the struct themselves.

use std::{ffi::OsString, fmt, path::PathBuf};

/// Where files are kept and what may be asked of whom.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Folder of files from plain addresses: `FOIL_CACHE`, else `XDG_CACHE_HOME/foil`, else `~/.cache/foil`.
    pub cache: PathBuf,
    /// Folder of the hub's repositories: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `~/.cache/huggingface/hub`.
    pub hub_cache: PathBuf,
    /// The hub: `HF_ENDPOINT`, else `https://huggingface.co`.
    pub endpoint: String,
    /// `HF_TOKEN`, else the file that the hub's own login writes.
    pub token: Option<Token>,
    /// No connection is opened: `FOIL_OFFLINE` or `HF_HUB_OFFLINE`.
    pub offline: bool,
}

/// A secret that no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// `None` where nothing is left, or what could not be sent.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        (!text.is_empty() && printable).then(|| Self(text.to_owned()))
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

impl Environment {
    /// Of this process.
    pub fn of_process() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// Of variables that are looked up by name; an empty one counts as none.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let folder = |name: &str| set(name).map(PathBuf::from);
        let home = || {
            folder("HOME")
                .or_else(|| folder("USERPROFILE"))
                .unwrap_or_default()
        };
        let caches = folder("XDG_CACHE_HOME").unwrap_or_else(|| home().join(".cache"));
        let hub_home = folder("HF_HOME").unwrap_or_else(|| caches.join("huggingface"));
        let text = |name: &str| set(name).and_then(|value| value.into_string().ok());
        let token = text("HF_TOKEN").or_else(|| {
            let path = folder("HF_TOKEN_PATH").unwrap_or_else(|| hub_home.join("token"));
            std::fs::read_to_string(path).ok()
        });
        Self {
            cache: folder("FOIL_CACHE").unwrap_or_else(|| caches.join("foil")),
            hub_cache: folder("HF_HUB_CACHE").unwrap_or_else(|| hub_home.join("hub")),
            endpoint: text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned()),
            token: token.as_deref().and_then(Token::new),
            offline: ["FOIL_OFFLINE", "HF_HUB_OFFLINE"]
                .into_iter()
                .filter_map(text)
                .any(|value| is_on(&value)),
        }
    }
}

/// As the hub's own programs read switches.
fn is_on(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_ascii_lowercase().as_str())
}
