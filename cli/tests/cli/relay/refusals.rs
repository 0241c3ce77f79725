//! What is wrong is named, before anything is connected.

use headwater_tests::Server;

use crate::support::Headwater;

/// Arguments after `relay`, and what has to be told.
const WRONG: &[(&[&str], &[&str])] = &[
    (&[], &["<FROM>", "<TO>"]),
    (&["a", "a"], &["FROM and TO are both \"a\""]),
    (&["a", "arn:aws:kinesis:eu-west-1:123456789012:stream/a"], &["FROM and TO are both \"a\""]),
    (&["a b", "c"], &["FROM", "\"a b\"", "letters, digits"]),
    (&["a", "b", "--dead-letter", "c d"], &["--dead-letter", "\"c d\"", "letters, digits"]),
    (&["a", "b", "--codec", "yaml"], &["--codec", "yaml", "kpl-json"]),
    (&["a", "b", "--jq", "."], &["--jq", "--codec json"]),
    (&["a", "b", "--key-jq", "."], &["--key-jq", "--codec json"]),
    (&["a", "b", "--codec", "json", "--jq", ".a | fro"], &["--jq", "character 6", "no filter fro/0"]),
    (&["a", "b", "--codec", "json", "--key-jq", ".["], &["--key-jq", "closing bracket"]),
    (&["a", "b", "--from", "yesterday"], &["--from", "yesterday", "horizon, latest"]),
    (
        &["a", "b", "--from", "49590338271490256608559692538361571095921575989136588898"],
        &["--from", "one shard"],
    ),
    (&["a", "b", "--until", "later"], &["--until", "later", "tip"]),
    (&["a", "b", "--on-error", "dead-letter"], &["--on-error dead-letter", "--dead-letter is missing"]),
    (&["a", "b", "--dead-letter", "a"], &["--dead-letter \"a\" is FROM"]),
    (&["a", "b", "--dead-letter", "-"], &["--dead-letter -", "name a file"]),
    (&["a", "b", "--create", "0"], &["--create", "on-demand"]),
    (&["a", "b", "--workers", "0"], &["--workers", "0"]),
    (&["a", "b", "--order", "shard"], &["--order", "key", "none"]),
    (&["a", "b", "--linger", "soon"], &["--linger", "250ms"]),
    (&["a", "b", "--lease-time", "1"], &["--lease-time", "250ms"]),
    (&["a", "b", "--checkpoints", "sqlite:x.db"], &["--app is missing", "sqlite:x.db"]),
    (&["a", "b", "--checkpoints", "postgres://me:hush@x"], &["--checkpoints", "postgres", "sqlite:PATH"]),
    (&["a", "b", "--listen", "here"], &["--listen", "here"]),
];

#[tokio::test]
async fn everything_wrong_is_named_with_what_is_right() {
    for (arguments, named) in WRONG {
        let relay = ["relay"].iter().chain(*arguments);
        let told = Headwater::at(Server::Local.shared(), relay).run().await.code(2);
        for named in *named {
            assert!(told.contains(named), "{arguments:?}: {told}");
        }
        assert!(!told.contains("hush"), "{told}");
    }
}

#[tokio::test]
async fn a_store_that_is_wrong_in_a_file_is_told_without_its_password() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    std::fs::write(&file, "[relay]\ncheckpoints = 'postgres://me:hush@x'\n").unwrap();
    let relay = ["relay", "a", "b", "--config", file.to_str().unwrap()];
    let told = Headwater::new(relay).run().await.code(2);
    assert!(
        told.contains(&format!("{}:2: [relay] checkpoints: there is no store", file.display())),
        "{told}"
    );
    assert!(!told.contains("hush"), "{told}");
}

#[tokio::test]
async fn streams_that_are_not_there_are_named() {
    let endpoint = Server::Local.shared();
    let there = endpoint.create_stream("there", 1).await;
    let told = Headwater::at(endpoint, ["relay", "nowhere", there.name()]).run().await.code(1);
    assert!(told.contains("nowhere"), "{told}");
    let told = Headwater::at(endpoint, ["relay", there.name(), "nowhere"]).run().await.code(1);
    assert!(told.contains("nowhere") && told.contains("--create 1"), "{told}");
}

#[tokio::test]
async fn a_relay_that_forgets_says_so() {
    let endpoint = Server::Local.shared();
    let there = endpoint.create_stream("there", 1).await;
    let to = endpoint.unique("to");
    let relay = ["relay", there.name(), &to, "--create", "1", "--until", "tip"];
    let forgetful = Headwater::at(endpoint, relay).run().await.code(0);
    assert!(
        forgetful.contains("the next start begins again") && forgetful.contains("--checkpoints"),
        "{forgetful}"
    );
    let meant = relay.iter().chain(&["--checkpoints", "memory"]);
    assert_eq!(Headwater::at(endpoint, meant).run().await.code(0), "");
}
