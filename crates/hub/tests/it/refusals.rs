//! What cannot be fetched: one clear line, and no connection where none is allowed.

use foil_hub::{Environment, Store};

use crate::{
    environment, fetch, files,
    server::{Answer, Server},
    source, store,
};

/// That an attempt fails with all the words, and never with the token.
fn refused(store: &Store, text: &str, words: &[&str]) {
    let said = fetch(store, text).unwrap_err().to_string();
    for word in words {
        assert!(said.contains(word), "{text}: '{word}' is not in '{said}'");
    }
    assert!(
        !said.contains("secret-token") && !said.contains('\n'),
        "{said}"
    );
}

#[test]
fn answers_other_than_the_file_are_explained() {
    let server = Server::start(|request| {
        let status = request.path.rsplit('/').next().unwrap();
        Answer::new(status.parse().unwrap(), b"no".to_vec())
    });
    let folder = tempfile::tempdir().unwrap();
    let plain = store(folder.path());
    for (status, words) in [
        ("404", "no such file"),
        ("401", "password"),
        ("403", "not allowed"),
        ("429", "try again later"),
        ("503", "try again later"),
        ("418", "not the file"),
        ("416", "without the file"),
        ("204", "without the file"),
    ] {
        let address = format!("{}/{status}", server.address);
        refused(&plain, &address, &[&address, status, words]);
    }
    let with_token = environment(folder.path(), &server.address);
    let without_token = Environment {
        token: None,
        ..with_token.clone()
    };
    for (environment, status, words) in [
        (
            with_token.clone(),
            "404",
            "no such repository, revision or file",
        ),
        (
            with_token.clone(),
            "401",
            "does not accept the token in HF_TOKEN",
        ),
        (with_token, "403", "terms"),
        (without_token, "401", "wants a token in HF_TOKEN"),
    ] {
        let hub = Store::new(environment).unwrap();
        refused(&hub, &format!("hf://owner/name/{status}"), &[status, words]);
    }
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn absurd_sizes_are_refused_before_a_byte_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| {
        let answer = Answer::new(200, vec![0; 10]);
        answer.with("Content-Length", &60_000_000_000_u64)
    });
    let address = format!("{}/w", server.address);
    refused(
        &store(folder.path()),
        &address,
        &["60 GB", "50 GB", &address],
    );
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn redirections_are_followed_only_to_where_they_are_safe() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Server::start(|request| Answer::file(request, b"content", "\"a\""));
    let to = storage.address.clone();
    let server = Server::start(move |request| match request.path.as_str() {
        "/there" => Answer::redirect(&format!("{to}/w")),
        "/relative" => Answer::redirect("there"),
        "/rooted" => Answer::redirect("/there"),
        "/plain" => Answer::redirect("http://example.com/w"),
        "/file" => Answer::redirect("file:///etc/passwd"),
        "/password" => Answer::redirect("https://user:password@example.com/w"),
        _ => Answer::redirect("/loop"),
    });
    let store = store(folder.path());
    let at = |path: &str| format!("{}/{path}", server.address);
    for path in ["there", "relative", "rooted"] {
        assert_eq!(fetch(&store, &at(path)).unwrap().0, b"content");
    }
    for path in ["plain", "file", "password"] {
        refused(&store, &at(path), &[&at(path), "only https is followed"]);
    }
    refused(&store, &at("loop"), &["redirections"]);
}

#[test]
fn offline_opens_no_connection_and_says_what_to_do_instead() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, b"content", "\"a\""));
    let online = environment(folder.path(), &server.address);
    let offline = Environment {
        offline: true,
        ..online.clone()
    };
    let store = Store::new(offline).unwrap();
    let address = format!("{}/some/w.pkl", server.address);
    let cache = folder.path().join("foil");
    let words = [
        "offline",
        &address,
        "by hand",
        cache.to_str().unwrap(),
        "some/w.pkl",
    ];
    refused(&store, &address, &words);
    refused(
        &store,
        "hf://owner/name/w",
        &[
            "offline",
            "/owner/name/resolve/main/w",
            "models--owner--name",
        ],
    );
    assert!(server.seen().is_empty());
    // What is here is found.
    fetch(&Store::new(online).unwrap(), &address).unwrap();
    assert_eq!(fetch(&store, &address).unwrap().0, b"content");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_do_instead() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let store = Store::new(environment(folder.path(), &endpoint)).unwrap();
    let address = format!("{endpoint}/w");
    refused(&store, &address, &["cannot reach", &address, "by hand"]);
    refused(
        &store,
        "hf://owner/name/w",
        &["cannot reach", "the path of a copy"],
    );
}

#[test]
fn an_endpoint_that_is_none_is_refused_by_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    for endpoint in ["http://example.com", "example.com", "ftp://example.com"] {
        let result = Store::new(environment(folder.path(), endpoint));
        let said = result.err().unwrap().to_string();
        assert!(
            said.contains(&format!("HF_ENDPOINT='{endpoint}'")),
            "{said}"
        );
    }
}

#[test]
fn addresses_that_climb_out_of_the_cache_stay_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, b"content", "\"a\""));
    let store = store(folder.path());
    for path in [
        "../../../w",
        "%2e%2e/w",
        "a//b",
        ".locks/w",
        "a%00b",
        "w?x=../../y",
        "w?x=1",
    ] {
        let address = format!("{}/{path}", server.address);
        let mut ignore = |_: foil_hub::Event<'_>| std::ops::ControlFlow::Continue(());
        let found = store.fetch(&source(&address), &mut ignore).unwrap();
        let found = found.canonicalize().unwrap();
        let cache = folder.path().join("foil").canonicalize().unwrap();
        assert!(found.starts_with(&cache), "{path}: {}", found.display());
    }
    // Each has a file of its own.
    assert_eq!(files(&folder.path().join("foil")).len(), 7);
    refused(
        &store,
        &format!("{}/folder/", server.address),
        &["a folder"],
    );
}
