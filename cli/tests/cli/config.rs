//! The configuration file.

use std::path::PathBuf;

use headwater_tests::Server;
use tempfile::TempDir;

use crate::support::{Headwater, RunningLocal};

/// A directory with a configuration file in it, where a configuration directory would have it.
struct Config {
    directory: TempDir,
}

impl Config {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("headwater")).unwrap();
        std::fs::write(directory.path().join("headwater/config.toml"), text).unwrap();
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("headwater/config.toml")
    }

    /// `headwater ARGS --config FILE`
    fn run(&self, args: &[&str]) -> Headwater {
        Headwater::new([&["--config", self.path().to_str().unwrap()], args].concat())
    }

    /// What is told where the file is wrong, behind its name and line.
    async fn told(&self, args: &[&str], line: usize) -> String {
        let told = self.run(args).run().await.code(2);
        let place = format!("{}:{line}: ", self.path().display());
        let (_, what) = told.split_once(&place).unwrap_or_else(|| panic!("{told}"));
        what.to_owned()
    }
}

async fn arn(local: &RunningLocal, stream: &str) -> String {
    let described = local.client().describe_stream_summary().stream_name(stream).send().await.unwrap();
    described.stream_description_summary().unwrap().stream_arn().to_owned()
}

const EUROPE: &str = "region = 'eu-west-1'\n[local]\nport = 0\nstream = ['orders:2', 'invoices']\n";

#[tokio::test]
async fn a_file_sets_global_flags_and_those_of_a_command_wherever_it_is_found() {
    let config = Config::new(EUROPE);
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join(".config");
    std::fs::create_dir_all(kept.join("headwater")).unwrap();
    std::fs::copy(config.path(), kept.join("headwater/config.toml")).unwrap();
    for headwater in [
        config.run(&["local"]),
        Headwater::new(["local"]).env("HEADWATER_CONFIG", config.path()),
        Headwater::new(["local"]).env("XDG_CONFIG_HOME", config.directory.path()),
        Headwater::new(["local"]).env("HOME", home.path()),
    ] {
        let local = RunningLocal::start(headwater).await;
        for stream in ["orders", "invoices"] {
            let expected = format!("arn:aws:kinesis:eu-west-1:000000000000:stream/{stream}");
            assert_eq!(arn(&local, stream).await, expected);
        }
    }
}

#[tokio::test]
async fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let config = Config::new(EUROPE);
    let typed = config.run(&["local", "--region", "us-west-2", "--stream", "audit"]);
    let local = RunningLocal::start(typed.env("AWS_REGION", "us-east-2")).await;
    assert_eq!(arn(&local, "audit").await, "arn:aws:kinesis:us-west-2:000000000000:stream/audit");
    let orders = local.client().list_shards().stream_name("orders").send().await;
    orders.expect_err("the streams that were typed take the place of the file's");
    // The command itself does not look at AWS_REGION: it is only the file that gives way to it.
    let local = RunningLocal::start(config.run(&["local"]).env("AWS_REGION", "us-east-2")).await;
    assert_eq!(arn(&local, "orders").await, "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
}

#[tokio::test]
async fn a_key_gives_way_to_what_was_typed_that_it_cannot_be_used_with() {
    let config = Config::new("[man]\nout = '/dev/null/man1'\n");
    let page = config.run(&["man", "local"]).run().await.ok();
    assert!(page.contains("headwater-local"), "{page}");
    let told = config.run(&["man"]).run().await.code(1);
    assert!(told.contains("/dev/null/man1"), "{told}");
}

#[tokio::test]
async fn of_flags_that_exclude_each_other_the_one_that_was_typed_wins() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("excluded", 1).await;
    let config = Config::new("[put]\nkey = 'of-the-file'\ncodec = 'json'\n");
    for (flags, key) in [(&[][..], "of-the-file"), (&["--key-field", "id"], "typed")] {
        let put = ["put", stream.name(), r#"{"id":"typed"}"#, "--endpoint-url", endpoint.url()];
        config.run(&[&put, flags].concat()).run().await.ok();
        let records = stream.read_all(stream.shards().await[0].shard_id()).await;
        assert_eq!(records.last().unwrap().partition_key(), Some(key), "{flags:?}");
    }
}

#[tokio::test]
async fn a_name_of_a_command_may_also_be_a_value() {
    let config = Config::new("[local]\nport = 0\nstream = 'orders'\n");
    let local = RunningLocal::start(config.run(&["--region", "local", "local"])).await;
    assert_eq!(arn(&local, "orders").await, "arn:aws:kinesis:local:000000000000:stream/orders");
}

#[tokio::test]
async fn a_file_that_is_named_must_be_there_and_one_that_is_not_need_not() {
    let told = Headwater::new(["man", "--config", "/nonexistent/a.toml"]).run().await.code(2);
    assert!(told.contains("--config /nonexistent/a.toml: No such file"), "{told}");
    let told = Headwater::new(["man"]).env("HEADWATER_CONFIG", "/nonexistent/b.toml").run().await.code(2);
    assert!(told.contains("HEADWATER_CONFIG /nonexistent/b.toml: No such file"), "{told}");
    Headwater::new(["man"]).env("XDG_CONFIG_HOME", "/nonexistent").run().await.ok();
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_told_with_its_name_line_and_key() {
    for (text, line, named, right) in [
        ("regoin = 'eu-west-1'\n", 1, "\"regoin\"", "\"region\""),
        ("\n[locl]\nport = 1\n", 2, "\"locl\"", "\"local\""),
        ("[local]\nport = 80000\n", 2, "[local] port: ", "65535"),
        ("[local]\nfaults = 'hangs=1'\n", 2, "[local] faults: ", "fail-entries"),
        ("[local]\nenforce-limits = 1\n", 2, "[local] enforce-limits: ", "true or false"),
        ("[local\nport = 1\n", 1, "", "]"),
        // Another command's table is looked at too.
        ("[put]\nregion = 'eu-west-1'\n", 2, "region", "at the top of the file"),
    ] {
        let told = Config::new(text).told(&["local"], line).await;
        assert!(told.contains(named) && told.contains(right), "{text}: {told}");
    }
}

#[tokio::test]
async fn a_secret_in_a_file_is_never_repeated() {
    for (text, right) in [
        ("[doctor]\ncheckpoints = 'redis://:s3cr3t@'\n", "has no host"),
        ("[doctor]\ncheckpoints = 'rediss3cr3t'\n", "sqlite:PATH"),
        ("[doctor]\nwait = 's3cr3t'\n", "[doctor] wait: "),
        ("[doctor]\ncodec = 's3cr3t'\n", "kpl-json"),
        ("[doctor]\ncheckpoints = 's3cr3t\n", ""),
    ] {
        let told = Config::new(text).told(&["doctor", "orders"], 2).await;
        assert!(told.contains(right) && !told.contains("s3cr3t"), "{text}: {told}");
    }
}

#[tokio::test]
async fn what_a_command_needs_may_be_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing.db");
    let config = Config::new(&format!(
        "endpoint-url = '{}'\n[doctor]\napp = 'billing'\ncheckpoints = 'sqlite:{}'\nfan-out = ['a', 'b']\n",
        Server::Local.shared().url(),
        missing.display()
    ));
    let stream = Server::Local.shared().create_stream("configured", 1).await;
    let done = config.run(&["doctor", stream.name(), "--output", "json"]).run().await;
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("missing.db") && told.contains("RegisterStreamConsumer"), "{told}");
    assert_eq!(done.status.code(), Some(1), "{told}");
}

#[tokio::test]
async fn help_is_given_whatever_a_file_says() {
    let config = Config::new("nonsense");
    for args in [
        &["--help"][..],
        &["local", "--help"],
        &["help", "local"],
        &["group", "list", "--help"],
        &["put", "-h"],
    ] {
        config.run(args).run().await.ok();
    }
    config.run(&["--version"]).run().await.ok();
    config.told(&["man"], 1).await;
}

#[tokio::test]
async fn what_is_wrong_on_the_command_line_is_not_blamed_on_the_file() {
    let config = Config::new(EUROPE);
    let told = config.run(&["local", "--port", "80000"]).run().await.code(2);
    assert!(!told.contains("config.toml") && told.contains("'--port <PORT>'"), "{told}");
    let told = config.run(&[]).run().await.code(2);
    assert!(told.contains("Usage: headwater"), "{told}");
}
