//! Plain addresses: whole, broken, continued, changed.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use foil_hub::{Error, Event};

use crate::{
    content, fetch, files,
    server::{Answer, Server},
    source, store,
};

/// Where the cache keeps a file of a server.
fn cached(server: &Server, name: &str) -> String {
    let host = server.address.strip_prefix("http://").unwrap();
    let host = host.replace(':', "_");
    format!("{host}/{name}")
}

/// The same without what tells it from other servers of similar names.
fn names(folder: &std::path::Path) -> Vec<String> {
    let names = files(&folder.join("foil"));
    let names = names.iter().map(|name| name.split_once('-').unwrap().1);
    names.map(str::to_owned).collect()
}

#[test]
fn a_file_is_fetched_once_and_then_found() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, &content(700_000, 1), "\"a\""));
    let store = store(folder.path());
    let address = format!("{}/some/weights.pkl", server.address);
    assert_eq!(store.find(&source(&address)).unwrap(), None);
    let (found, told) = fetch(&store, &address).unwrap();
    assert!(found == content(700_000, 1));
    assert!(told[0].starts_with("Started") && told[0].contains("kept: 0, total: Some(700000)"));
    assert_eq!(told.last().unwrap(), "Finished { bytes: 700000 }");
    assert!(
        told.iter()
            .filter(|event| event.starts_with("Received"))
            .count()
            >= 3
    );
    assert_eq!(names(folder.path()), [cached(&server, "some/weights.pkl")]);
    let (found, told) = fetch(&store, &address).unwrap();
    assert!(found == content(700_000, 1) && told.is_empty());
    assert!(store.find(&source(&address)).unwrap().is_some());
    assert_eq!(server.seen().len(), 1);
    // The token is the hub's.
    assert!(!server.seen()[0].headers.contains_key("authorization"));
}

#[test]
fn a_broken_connection_is_continued_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let answer = Answer::file(request, &content(100_000, 2), "\"a\"");
        let cut = answer.body.len().min(40_000);
        answer.cut(cut)
    });
    let (found, told) = fetch(&store(folder.path()), &format!("{}/w", server.address)).unwrap();
    assert!(found == content(100_000, 2));
    let broken = told.iter().filter(|event| event.starts_with("Broken"));
    assert_eq!(broken.count(), 2);
    let seen = server.seen();
    let ranges: Vec<_> = seen
        .iter()
        .map(|request| request.headers.get("range"))
        .collect();
    let ranges: Vec<_> = ranges
        .iter()
        .map(|range| range.map(String::as_str))
        .collect();
    assert_eq!(ranges, [None, Some("bytes=40000-"), Some("bytes=80000-")]);
    assert_eq!(seen[1].headers["if-range"], "\"a\"");
    assert_eq!(names(folder.path()), [cached(&server, "w")]);
}

/// Fetches until the first bytes have arrived.
fn interrupt(store: &foil_hub::Store, address: &str) {
    let result = store.fetch(&source(address), &mut |event: Event<'_>| match event {
        Event::Received { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
}

#[test]
fn an_interrupted_fetch_is_continued_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, &content(3_000_000, 3), "\"a\""));
    let (store, address) = (store(folder.path()), format!("{}/w", server.address));
    interrupt(&store, &address);
    let left = [".part", ".part.version"].map(|ending| cached(&server, "w") + ending);
    assert_eq!(names(folder.path()), left);
    let (found, told) = fetch(&store, &address).unwrap();
    assert!(found == content(3_000_000, 3));
    assert!(
        told[0].starts_with("Started") && !told[0].contains("kept: 0,"),
        "{}",
        told[0]
    );
    assert!(server.seen()[1].headers.contains_key("range"));
    assert_eq!(names(folder.path()), [cached(&server, "w")]);
}

#[test]
fn what_was_kept_of_a_file_that_has_changed_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::file(request, &content(3_000_000, 4), "\"old\""),
        _ => Answer::file(request, &content(2_000_000, 5), "\"new\""),
    });
    let (store, address) = (store(folder.path()), format!("{}/w", server.address));
    interrupt(&store, &address);
    let (found, told) = fetch(&store, &address).unwrap();
    assert!(found == content(2_000_000, 5));
    assert_eq!(told[0], "Changed");
    assert_eq!(server.seen()[1].headers["if-range"], "\"old\"");
}

#[test]
fn a_server_that_cannot_tell_versions_apart_is_asked_for_all_again() {
    for tag in ["W/\"a\"", ""] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |request| {
            let mut answer = Answer::file(request, &content(3_000_000, 6), tag);
            answer
                .headers
                .retain(|(name, value)| name != "ETag" || !value.is_empty());
            answer
        });
        let (store, address) = (store(folder.path()), format!("{}/w", server.address));
        interrupt(&store, &address);
        let (found, _) = fetch(&store, &address).unwrap();
        assert!(found == content(3_000_000, 6));
        assert!(!server.seen()[1].headers.contains_key("range"));
    }
}

#[test]
fn a_part_that_is_whole_needs_no_byte_more() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| Answer::file(request, &content(1000, 7), "\"a\""));
    let (store, address) = (store(folder.path()), format!("{}/w", server.address));
    interrupt(&store, &address);
    let (found, told) = fetch(&store, &address).unwrap();
    assert!(found == content(1000, 7));
    assert_eq!(told, ["Finished { bytes: 1000 }"]);
}

#[test]
fn a_server_that_never_sends_what_it_announces_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let answer = Answer::file(request, &content(1000, 8), "\"a\"");
        let cut = if answer.status == 206 { 0 } else { 600 };
        answer.cut(cut)
    });
    let address = format!("{}/w", server.address);
    let said = fetch(&store(folder.path()), &address)
        .unwrap_err()
        .to_string();
    assert!(
        said.contains(&address) && said.contains("connection broke"),
        "{said}"
    );
    let left = [".part", ".part.version"].map(|ending| cached(&server, "w") + ending);
    assert_eq!(names(folder.path()), left);
}

#[test]
fn more_than_was_announced_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.headers.contains_key("range") {
            let answer = Answer::new(206, content(900, 11));
            return answer.with("Content-Range", "bytes 100-199/200");
        }
        Answer::file(request, &content(200, 11), "\"a\"").cut(100)
    });
    let address = format!("{}/w", server.address);
    let said = fetch(&store(folder.path()), &address)
        .unwrap_err()
        .to_string();
    assert!(said.contains("more than the 200 bytes"), "{said}");
    let part = folder
        .path()
        .join("foil")
        .join(&files(&folder.path().join("foil"))[0]);
    assert!(std::fs::read(part).unwrap() == content(200, 11)[..100]);
}

#[test]
fn an_answer_without_a_length_ends_where_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_| {
        let mut answer = Answer::new(200, content(5000, 9));
        answer.headers.clear();
        answer
    });
    let (found, _) = fetch(&store(folder.path()), &format!("{}/w", server.address)).unwrap();
    assert!(found == content(5000, 9));
}

#[test]
fn two_at_once_fetch_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        std::thread::sleep(Duration::from_millis(300));
        Answer::file(request, &content(400_000, 10), "\"a\"")
    });
    let address = format!("{}/w", server.address);
    let told: Vec<Vec<String>> = std::thread::scope(|scope| {
        let fetches: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (found, told) = fetch(&store(folder.path()), &address).unwrap();
                    assert!(found == content(400_000, 10));
                    told
                })
            })
            .collect();
        fetches
            .into_iter()
            .map(|fetch| fetch.join().unwrap())
            .collect()
    });
    assert_eq!(server.seen().len(), 1);
    let waited = told.iter().filter(|told| told[0].starts_with("Waiting"));
    assert_eq!(waited.count(), 1);
}
