//! What all commands have in common.

use std::time::{Duration, Instant};

use headwater_tests::Server;
use tokio::process::Command;

use crate::support::Headwater;

/// What begins a colour.
const ESCAPE: char = '\u{1b}';

/// Every command.
const COMMANDS: [&str; 13] = [
    "list",
    "describe",
    "which",
    "put",
    "tail",
    "relay",
    "copy",
    "group",
    "doctor",
    "local",
    "bench",
    "completions",
    "man",
];

#[tokio::test]
async fn without_a_command_it_shows_its_help_and_fails_as_wrong_usage() {
    let told = Headwater::new::<&str>([]).run().await.code(2);
    assert!(told.contains("Usage: headwater"), "{told}");
}

#[tokio::test]
async fn help_tells_every_exit_code() {
    let help = Headwater::new(["--help"]).run().await.ok();
    for code in ["0 done", "1 failed", "2 wrong usage", "3 partly delivered", "130 stopped"] {
        assert!(help.contains(code), "{help}");
    }
}

#[tokio::test]
async fn the_help_of_every_command_has_examples() {
    let help = Headwater::new(["--help"]).run().await.ok();
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        let help = Headwater::new([command, "--help"]).run().await.ok();
        assert!(help.contains("Examples:\n  headwater "), "{command}: {help}");
    }
}

#[tokio::test]
async fn a_wrong_command_and_a_wrong_flag_are_named_with_those_that_are_nearest() {
    let told = Headwater::new(["tial", "orders"]).run().await.code(2);
    assert!(told.contains("'tial'") && told.contains("'tail'"), "{told}");
    let told = Headwater::new(["local", "--prot", "1"]).run().await.code(2);
    assert!(told.contains("'--prot'") && told.contains("'--port'"), "{told}");
}

#[tokio::test]
async fn there_are_no_colours_in_a_pipe_unless_they_are_forced() {
    let help = Headwater::new(["--help"]).run().await.ok();
    assert!(!help.contains(ESCAPE), "{help:?}");
    let told = Headwater::new(["man", "nothing"]).run().await.code(2);
    assert!(!told.contains(ESCAPE), "{told:?}");
    let forced = Headwater::new(["--help"]).env("CLICOLOR_FORCE", "1").run().await.ok();
    assert!(forced.contains(ESCAPE), "{forced:?}");
}

/// Runs it on a terminal, and returns what is shown there.
async fn on_a_terminal(args: &str, variable: (&str, &str)) -> String {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_headwater"));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).env("TERM", "xterm-256color");
    script.env_remove("NO_COLOR").env_remove("CLICOLOR").env("HOME", "/nonexistent");
    let output = script.env(variable.0, variable.1).kill_on_drop(true).output().await;
    String::from_utf8_lossy(&output.expect("script is installed").stdout).into_owned()
}

#[tokio::test]
async fn there_are_colours_on_a_terminal_unless_they_are_not_wanted() {
    for args in ["--help", "man nothing"] {
        let shown = on_a_terminal(args, ("LANG", "C")).await;
        assert!(shown.contains(ESCAPE), "{args}: {shown:?}");
        let shown = on_a_terminal(args, ("NO_COLOR", "1")).await;
        assert!(!shown.contains(ESCAPE), "{args}: {shown:?}");
    }
}

#[tokio::test]
async fn who_has_no_credentials_is_told_in_one_line_where_they_come_from() {
    for args in [&["list"][..], &["tail", "orders"], &["put", "orders", "x"], &["copy", "orders", "-"]] {
        let headwater = Headwater::new(args).env("AWS_REGION", "eu-central-1");
        let told = headwater.run().await.code(1);
        assert!(told.contains("no credentials were found: AWS_ACCESS_KEY_ID"), "{args:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{args:?}: {told}");
    }
}

#[tokio::test]
async fn who_has_no_region_is_told_of_the_flag() {
    for args in [&["list"][..], &["tail", "orders"], &["put", "orders", "x"], &["relay", "orders", "copies"]]
    {
        let told = Headwater::new(args).run().await.code(2);
        assert!(told.contains("no region is set: --region, AWS_REGION or a profile"), "{args:?}: {told}");
    }
}

#[tokio::test]
async fn an_endpoint_where_nobody_answers_is_given_up_before_a_person_would() {
    for args in [&["list"][..], &["describe", "orders"], &["copy", "orders", "-"], &["tail", "orders"]] {
        let begun = Instant::now();
        let told = Headwater::new(args).args(["--endpoint-url", "http://127.0.0.1:1"]).run().await.code(1);
        assert!(told.contains("Connection refused"), "{args:?}: {told}");
        // Seconds on an idle machine. What would try for as long as a source may takes minutes.
        assert!(begun.elapsed() < Duration::from_secs(45), "{args:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn an_endpoint_or_an_address_that_is_none_is_told_what_one_looks_like() {
    for wrong in ["localhost:4567", "http://", "ftp://localhost"] {
        let told = Headwater::new(["list", "--endpoint-url", wrong]).run().await.code(2);
        assert!(told.contains("--endpoint-url") && told.contains("http://HOST[:PORT]"), "{wrong}: {told}");
    }
    for wrong in ["9090", "localhost:9090", ":9090"] {
        let told = Headwater::new(["tail", "orders", "--listen", wrong]).run().await.code(2);
        assert!(told.contains("--listen") && told.contains("127.0.0.1:9090"), "{wrong}: {told}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_told_with_the_way_out() {
    let endpoint = Server::Local.shared();
    for args in [
        &["describe", "nowhere"][..],
        &["which", "nowhere", "k"],
        &["tail", "nowhere"],
        &["copy", "nowhere", "-"],
        &["relay", "nowhere", "nowhere-else", "--create", "1"],
    ] {
        let told = Headwater::at(endpoint, args).run().await.code(1);
        assert!(told.contains("nowhere") && told.contains("; `headwater list` shows"), "{args:?}: {told}");
    }
    for args in [&["put", "nowhere", "x"][..], &["copy", "-", "nowhere"]] {
        let told = Headwater::at(endpoint, args).run().await.code(1);
        assert!(told.contains("nowhere") && told.contains("; --create 1 creates it"), "{args:?}: {told}");
    }
}

#[tokio::test]
async fn what_was_done_is_told_to_who_asks_for_more() {
    let (endpoint, directory) = (Server::Local.shared(), tempfile::tempdir().unwrap());
    let from = endpoint.create_stream("told-from", 1).await;
    let to = endpoint.create_stream("told-to", 1).await;
    let file = directory.path().join("told.ndjson");
    let (from, to, file) = (from.name(), to.name(), file.to_str().unwrap());
    for (args, told) in [
        (&["put", from, "x"][..], format!("put 1 message into \"{from}\" in ")),
        (
            &["relay", from, to, "--until", "tip"],
            format!("relayed 1 message from \"{from}\" into \"{to}\" in "),
        ),
        (&["copy", from, file], format!("copied 1 message of \"{from}\" into {file} in ")),
        (&["copy", file, to], format!("copied 1 message of {file} into \"{to}\" in ")),
    ] {
        let done = Headwater::at(endpoint, args).args(["-v"]).run().await;
        assert!(
            done.stderr.contains(&told) && done.stderr.contains(" a second"),
            "{args:?}: {}",
            done.stderr
        );
        assert_eq!(done.ok(), "");
    }
}

/// Runs `headwater doctor` and returns the check of the region, which tells where requests go.
async fn place(headwater: Headwater) -> String {
    let done = headwater.args(["doctor", "orders"]).run().await;
    let line = done.stdout.lines().find(|line| line.contains("region: "));
    line.unwrap_or_else(|| panic!("{}{}", done.stdout, done.stderr)).to_owned()
}

#[tokio::test]
async fn the_endpoint_is_the_flags_then_that_of_kinesis_then_that_of_aws_then_any() {
    // The most special name first; each goes where nobody listens, and says so soon.
    let names = ["AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL", "ENDPOINT_URL"];
    for skipped in 0..=names.len() {
        let mut headwater = match skipped {
            0 => Headwater::new(["--endpoint-url", "http://127.0.0.1:1"]),
            _ => Headwater::new([""; 0]),
        };
        for (index, name) in names.iter().enumerate().skip(skipped.saturating_sub(1)) {
            headwater = headwater.env(name, format!("http://127.0.0.1:{}", index + 2));
        }
        let place = place(headwater).await;
        assert!(place.ends_with(&format!("http://127.0.0.1:{}", skipped + 1)), "{skipped}: {place}");
    }
}

#[tokio::test]
async fn a_profile_gives_region_and_credentials_and_wins_over_the_environment() {
    let directory = tempfile::tempdir().unwrap();
    let (config, keys) = (directory.path().join("config"), directory.path().join("credentials"));
    std::fs::write(&config, "[profile europe]\nregion = eu-west-1\n[profile asia]\nregion = ap-east-1\n")
        .unwrap();
    let key =
        |name: &str| format!("[{name}]\naws_access_key_id = AKIA{name}\naws_secret_access_key = s3cr3t\n");
    std::fs::write(&keys, key("europe") + &key("asia")).unwrap();
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("profiles", 1).await;
    let run = |flags: &[&str], variables: &[(&str, &str)]| {
        let headwater = Headwater::at(endpoint, [flags, &["doctor", stream.name()]].concat());
        let headwater = headwater.env("AWS_CONFIG_FILE", &config).env("AWS_SHARED_CREDENTIALS_FILE", &keys);
        let set = |headwater: Headwater, (name, value): &(&str, &str)| headwater.env(name, value);
        variables.iter().fold(headwater, set).run()
    };
    let (profile, region) = (("AWS_PROFILE", "asia"), ("AWS_REGION", "us-west-2"));
    let own = [("AWS_ACCESS_KEY_ID", "AKIAOWN"), ("AWS_SECRET_ACCESS_KEY", "s3cr3t")];
    for (flags, variables, where_to, who) in [
        (&[][..], &[profile][..], "ap-east-1", "from a profile, access key …asia"),
        (&["--profile", "europe"], &[profile], "eu-west-1", "from a profile, access key …rope"),
        (&["--profile", "europe"], &own, "eu-west-1", "from a profile, access key …rope"),
        (&["--profile", "europe", "--region", "us-east-1"], &[region], "us-east-1", "access key …rope"),
        (&[], &[own[0], own[1], region], "us-west-2", "from the environment, access key …AOWN"),
    ] {
        let done = run(flags, variables).await;
        let told = format!("{}{}", done.stdout, done.stderr);
        assert!(told.contains(&format!("region: {where_to}, ")) && told.contains(who), "{flags:?}: {told}");
        assert!(!told.contains("s3cr3t"), "{told}");
    }
    let done = run(&["--profile", "africa"], &own).await;
    assert!(done.stdout.contains("africa"), "{}", done.stdout);
    assert_eq!(done.status.code(), Some(1));
}

#[tokio::test]
async fn more_is_told_with_each_v_and_rust_log_has_the_last_word() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("logs", 1).await;
    let run = |flag: &[&str], filter: &str| {
        let headwater = Headwater::at(endpoint, [flag, &["doctor", stream.name()]].concat());
        headwater.env("RUST_LOG", filter).run()
    };
    let quiet = run(&[], "").await;
    assert_eq!(quiet.stderr, "");
    let loud = run(&["-vvv"], "").await;
    assert!(loud.stderr.contains("TRACE"), "{}", loud.stderr);
    assert_eq!(loud.stdout.lines().count(), quiet.stdout.lines().count(), "standard output is data alone");
    assert_eq!(run(&["-vvv"], "error").await.stderr, "");
    assert!(run(&[], "debug").await.stderr.contains("DEBUG"));
    let told = run(&[], "headwater=loud").await.code(2);
    assert!(told.contains("RUST_LOG") && told.contains("headwater=debug"), "{told}");
}

#[tokio::test]
async fn a_reader_that_has_gone_ends_it_quietly() {
    let endpoint = Server::Local.shared();
    let stream = endpoint.create_stream("pipes", 1).await;
    let put = endpoint.client().put_record().stream_name(stream.name()).partition_key("k");
    put.data(b"x"[..].into()).send().await.unwrap();
    for args in [
        &["man"][..],
        &["man", "relay"],
        &["completions", "zsh"],
        &["doctor", stream.name()],
        &["doctor", stream.name(), "--output", "json"],
        &["local", "--port", "0"],
        &["list"],
        &["describe", stream.name()],
        &["which", stream.name(), "k"],
        &["tail", stream.name(), "--from", "horizon", "--until", "tip"],
        &["put", stream.name(), "y", "--receipts"],
        &["copy", stream.name(), "-"],
    ] {
        let mut child = Headwater::at(endpoint, args).spawn();
        drop(child.stdout.take());
        let ended = tokio::time::timeout(Duration::from_mins(3), child.wait_with_output()).await;
        let output = ended.unwrap_or_else(|_| panic!("{args:?}: it goes on")).unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {}: {told}", output.status);
        assert!(!told.contains("error"), "{args:?}: {told}");
    }
}
