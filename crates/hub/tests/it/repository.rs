//! The hub's cache: its layout, its digests, its token.

use std::{fs, path::PathBuf};

use foil_hub::{Environment, Store};
use tempfile::TempDir;

use crate::{
    environment, fetch, files,
    server::{Answer, Request, Server},
    source,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const CONTENT: &[u8] = b"weights";
/// Made by `sha256sum`.
const SHA256: &str = "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c";

/// A hub that keeps large files elsewhere.
fn hub(storage: &str) -> impl Fn(&Request) -> Answer + use<> {
    let large = format!("{storage}/large");
    move |request| {
        let answer = match request.path.as_str() {
            "/owner/name/resolve/main/folder/w.bin"
            | "/owner/name/resolve/refs%2Fpr%2F1/folder/w.bin" => Answer::redirect(&large)
                .with("X-Linked-Etag", &format!("\"{SHA256}\""))
                .with("X-Linked-Size", &CONTENT.len()),
            "/owner/name/resolve/main/config.json" => Answer::file(request, b"{}", "W/\"abc\""),
            "/owner/old/resolve/main/config.json" => {
                Answer::redirect("/owner/name/resolve/main/config.json")
            }
            "/owner/name/resolve/main/climber" => Answer::file(request, b"{}", "\"../../x\""),
            "/owner/name/resolve/main/longer" => {
                Answer::file(request, b"{}", "\"def\"").with("X-Linked-Size", &3)
            }
            _ => Answer::new(404, Vec::new()),
        };
        answer.with("X-Repo-Commit", COMMIT)
    }
}

fn storage() -> Server {
    Server::start(|request| Answer::file(request, CONTENT, "\"storage's own\""))
}

#[test]
fn files_are_kept_as_other_programs_expect_them() {
    let folder = tempfile::tempdir().unwrap();
    let storage = storage();
    let server = Server::start(hub(&storage.address));
    let environment = environment(folder.path(), &server.address);
    let store = Store::new(environment.clone()).unwrap();
    for (name, content) in [
        ("hf://owner/name/folder/w.bin", CONTENT),
        ("hf://owner/name/config.json", b"{}"),
        ("hf://owner/name/folder/w.bin@refs/pr/1", CONTENT),
        ("hf://owner/old/config.json", b"{}"),
    ] {
        assert_eq!(fetch(&store, name).unwrap().0, content, "{name}");
    }
    let repository = folder.path().join("hub/models--owner--name");
    let snapshot = format!("snapshots/{COMMIT}");
    let blob = format!("blobs/{SHA256}");
    assert_eq!(
        files(&repository),
        [
            &blob,
            "blobs/abc",
            "refs/main",
            "refs/refs/pr/1",
            &format!("{snapshot}/config.json"),
            &format!("{snapshot}/folder/w.bin"),
        ]
    );
    assert_eq!(
        fs::read_to_string(repository.join("refs/main")).unwrap(),
        COMMIT
    );
    #[cfg(unix)]
    assert_eq!(
        fs::read_link(repository.join(&snapshot).join("folder/w.bin")).unwrap(),
        std::path::Path::new("../../..").join(&blob)
    );
    let lock = format!("hub/.locks/models--owner--name/{SHA256}.lock");
    assert!(folder.path().join(lock).is_file());
    // The same content under another revision is not fetched twice, and the token is for the hub alone.
    assert_eq!(storage.seen().len(), 1);
    assert!(!storage.seen()[0].headers.contains_key("authorization"));
    let asked = server.seen();
    assert!(
        asked
            .iter()
            .all(|request| request.headers["authorization"] == "Bearer secret-token")
    );
    // Once more, by branch and by commit, without a question.
    let offline = Environment {
        offline: true,
        ..environment
    };
    let offline = Store::new(offline).unwrap();
    for revision in ["main", COMMIT, "refs/pr/1"] {
        let name = format!("hf://owner/name/folder/w.bin@{revision}");
        assert_eq!(fetch(&offline, &name).unwrap().0, CONTENT);
    }
    assert_eq!(server.seen().len(), asked.len());
}

#[test]
fn what_other_programs_fetched_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("hub/models--owner--name");
    for name in ["blobs", "refs", &format!("snapshots/{COMMIT}/folder")] {
        fs::create_dir_all(repository.join(name)).unwrap();
    }
    fs::write(repository.join("refs/main"), COMMIT).unwrap();
    let file = repository.join(format!("snapshots/{COMMIT}/folder/w.bin"));
    fs::write(&file, CONTENT).unwrap();
    let environment = environment(folder.path(), "http://127.0.0.1:1");
    let store = Store::new(environment).unwrap();
    let found = store.find(&source("hf://owner/name/folder/w.bin")).unwrap();
    assert_eq!(found, Some(file));
    for other in ["hf://owner/name/other", "hf://owner/name/folder/w.bin@dev"] {
        assert_eq!(store.find(&source(other)).unwrap(), None);
    }
}

/// A hub, and a cache in which contents may have been left unfinished.
struct Unfinished {
    folder: TempDir,
    storage: Server,
    _hub: Server,
    store: Store,
    blobs: PathBuf,
}

impl Unfinished {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage();
        let hub = Server::start(hub(&storage.address));
        let store = Store::new(environment(folder.path(), &hub.address)).unwrap();
        let blobs = folder.path().join("hub/models--owner--name/blobs");
        fs::create_dir_all(&blobs).unwrap();
        Self {
            folder,
            storage,
            _hub: hub,
            store,
            blobs,
        }
    }

    /// Leaves these bytes, then fetches: the content, and what was told meanwhile.
    fn fetch_after(&self, left: &[u8]) -> (Vec<u8>, Vec<String>) {
        fs::write(self.blobs.join(format!("{SHA256}.incomplete")), left).unwrap();
        fetch(&self.store, "hf://owner/name/folder/w.bin").unwrap()
    }
}

#[test]
fn an_unfinished_content_is_continued_because_its_digest_is_known() {
    let unfinished = Unfinished::new();
    assert_eq!(unfinished.fetch_after(&CONTENT[..3]).0, CONTENT);
    let asked = unfinished.storage.seen();
    assert_eq!(asked[0].headers["range"], "bytes=3-");
    assert!(!asked[0].headers.contains_key("if-range"));
}

#[test]
fn an_unfinished_content_that_was_something_else_is_fetched_anew() {
    let unfinished = Unfinished::new();
    // With a hole, with a hole at full length, and too long.
    for left in [&b"w\0i"[..], b"w\0ights", b"weights and more"] {
        let (found, told) = unfinished.fetch_after(left);
        assert_eq!(found, CONTENT);
        assert!(told.contains(&"Changed".to_owned()), "{told:?}");
        let repository = unfinished.folder.path().join("hub/models--owner--name");
        fs::remove_dir_all(repository.join("snapshots")).unwrap();
        fs::remove_file(unfinished.blobs.join(SHA256)).unwrap();
    }
}

#[test]
fn content_that_is_not_what_its_digest_says_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Server::start(|request| Answer::file(request, b"wrights", "\"a\""));
    let server = Server::start(hub(&storage.address));
    let store = Store::new(environment(folder.path(), &server.address)).unwrap();
    let said = fetch(&store, "hf://owner/name/folder/w.bin")
        .unwrap_err()
        .to_string();
    assert!(said.contains("SHA-256") && said.contains(SHA256), "{said}");
    assert_eq!(files(folder.path()), [""; 0]);
    let said = fetch(&store, "hf://owner/name/longer")
        .unwrap_err()
        .to_string();
    assert!(said.contains("2 bytes where 3 were announced"), "{said}");
    let said = fetch(&store, "hf://owner/name/climber")
        .unwrap_err()
        .to_string();
    assert!(said.contains("ETag"), "{said}");
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn a_server_that_is_no_hub_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, b"hello", "\"a\""));
    let store = Store::new(environment(folder.path(), &server.address)).unwrap();
    let said = fetch(&store, "hf://owner/name/w").unwrap_err().to_string();
    assert!(
        said.contains("X-Repo-Commit") && said.contains("HF_ENDPOINT"),
        "{said}"
    );
}
