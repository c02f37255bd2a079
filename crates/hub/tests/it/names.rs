//! What was typed, and what the environment says.

use std::{collections::HashMap, ffi::OsString, path::PathBuf};

use foil_hub::{Environment, RepositoryFile, Source, Token};

fn of(variables: &[(&str, &str)]) -> Environment {
    let variables: HashMap<&str, &str> = variables.iter().copied().collect();
    Environment::from_variables(|name| variables.get(name).map(OsString::from))
}

#[test]
fn folders_follow_the_conventions_of_the_hub_and_of_the_desktop() {
    for (variables, cache, hub_cache) in [
        (&[][..], "/h/.cache/foil", "/h/.cache/huggingface/hub"),
        (&[("XDG_CACHE_HOME", "/x")], "/x/foil", "/x/huggingface/hub"),
        (&[("HF_HOME", "/f")], "/h/.cache/foil", "/f/hub"),
        (
            &[("HF_HOME", "/f"), ("HF_HUB_CACHE", "/c")],
            "/h/.cache/foil",
            "/c",
        ),
        (
            &[("FOIL_CACHE", "/o"), ("HF_HOME", "")],
            "/o",
            "/h/.cache/huggingface/hub",
        ),
    ] {
        let environment = of(&[&[("HOME", "/h")], variables].concat());
        assert_eq!(environment.cache, PathBuf::from(cache), "{variables:?}");
        assert_eq!(
            environment.hub_cache,
            PathBuf::from(hub_cache),
            "{variables:?}"
        );
    }
}

#[test]
fn switches_are_on_as_the_hub_reads_them() {
    for (value, offline) in [
        ("1", true),
        ("true", true),
        ("YES", true),
        ("0", false),
        ("", false),
    ] {
        for name in ["HF_HUB_OFFLINE", "FOIL_OFFLINE"] {
            assert_eq!(of(&[(name, value)]).offline, offline, "{name}={value}");
        }
    }
}

#[test]
fn tokens_come_from_the_environment_or_the_login_and_are_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    assert_eq!(of(&[("HF_HOME", home)]).token, None);
    std::fs::write(folder.path().join("token"), "from-login\n").unwrap();
    assert_eq!(of(&[("HF_HOME", home)]).token, Token::new("from-login"));
    let environment = of(&[("HF_HOME", home), ("HF_TOKEN", "from-variable")]);
    assert_eq!(environment.token, Token::new("from-variable"));
    assert!(!format!("{environment:?}").contains("from-variable"));
    // A line break would let a token write headers.
    assert_eq!(Token::new("a\r\nHost: b"), None);
}

#[test]
fn sources_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("w.pkl");
    std::fs::write(&here, b"").unwrap();
    let parse = |text: &str| Source::parse(text);
    assert_eq!(
        parse(here.to_str().unwrap()).unwrap(),
        Some(Source::File(here))
    );
    assert_eq!(parse("edm2-img512-s-fid").unwrap(), None);
    assert_eq!(parse("").unwrap(), None);
    let said = parse("folder/w.pkl").unwrap_err().to_string();
    assert!(said.contains("folder/w.pkl"), "{said}");
    let file = |revision: &str| RepositoryFile {
        owner: "owner".into(),
        name: "name".into(),
        path: "a/b.bin".into(),
        revision: revision.into(),
    };
    for (text, revision) in [
        ("hf://owner/name/a/b.bin", "main"),
        ("hf://owner/name/a/b.bin@v1.0", "v1.0"),
        ("hf://owner/name/a/b.bin@refs/pr/1", "refs/pr/1"),
    ] {
        assert_eq!(
            parse(text).unwrap(),
            Some(Source::Repository(file(revision)))
        );
    }
    for text in [
        "https://example.com/w.pkl?download=true",
        "http://127.0.0.1:80/w",
    ] {
        let source = parse(text).unwrap().unwrap();
        assert!(matches!(source, Source::Address(_)));
        assert_eq!(source.to_string(), text);
    }
}

#[test]
fn addresses_that_lead_astray_are_refused() {
    for text in [
        "hf://",
        "hf://owner",
        "hf://owner/name",
        "hf://owner/name/",
        "hf://owner/name/../x",
        "hf://../name/x",
        "hf://owner/name/a//b",
        "hf://owner/name/a\\b",
        "hf://owner@dev/name/x",
        "hf://owner/name/x@",
        "hf://owner/name/x@../dev",
        "http://example.com/w",
        "http://localhost.example.com/w",
        "https://user:password@example.com/w",
        "https:///w",
        "ftp://example.com/w",
        "file:///etc/passwd",
        "https://exa mple.com/w",
    ] {
        assert!(Source::parse(text).is_err(), "{text}");
    }
}
