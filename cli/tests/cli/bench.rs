//! `headwater bench`: every flag, on the embedded endpoint and on one that nobody here wrote.

use std::path::Path;

use aws_sdk_kinesis::Client;
use headwater_local::{LocalKinesis, ShardRates};
use headwater_tests::{Server, eventually};
use serde_json::Value;
use tokio::process::Command;
use xmlparser::{ElementEnd, Token, Tokenizer};

use crate::support::Headwater;

/// Each job that runs where no other is asked for.
const JOBS: [&str; 31] = [
    "sink/bytes",
    "sink/string",
    "sink/json",
    "sink/json_lines",
    "sink/json_lines_zstd",
    "sink/json_lines_lz4",
    "sink/json_lines_gzip",
    "sink/json_list",
    "sink/msgpack",
    "sink/kpl_string",
    "sink/kpl_json",
    "sink/json_lines/no-key",
    "sink/json_lines_zstd/no-key",
    "sink/json_lines_lz4/no-key",
    "sink/json_lines_gzip/no-key",
    "sink/json_list/no-key",
    "sink/msgpack/no-key",
    "sink/kpl_string/no-key",
    "sink/kpl_json/no-key",
    "source/bytes",
    "source/string",
    "source/json",
    "source/json_lines",
    "source/json_lines_zstd",
    "source/json_lines_lz4",
    "source/json_lines_gzip",
    "source/json_list",
    "source/msgpack",
    "source/kpl_string",
    "source/kpl_json",
    "relay/bytes",
];

#[tokio::test]
async fn every_processor_is_measured_both_ways_beside_the_bare_loop() {
    let table = Headwater::new(["bench", "--records", "200", "--rounds", "1"]).run().await.ok();
    assert!(table.contains("200 messages of 1000 bytes, 5000 keys, 1 shards; 1 rounds"), "{table}");
    for job in JOBS {
        let row = table.lines().find(|line| line.split(' ').next() == Some(job));
        let row = row.unwrap_or_else(|| panic!("no row of {job}:\n{table}"));
        // Three figures of each side, how full records were, and the ratio.
        let figures = row.split_whitespace().filter(|word| word.parse::<f64>().is_ok()).count();
        assert!(figures >= 8, "{row}");
    }
    assert!(!table.contains("order/"), "{table}");
}

#[tokio::test]
async fn a_report_needs_no_other_file_and_holds_every_figure_of_every_round() {
    let folder = tempfile::tempdir().unwrap();
    let (report, json) = (folder.path().join("a/report"), folder.path().join("figures.json"));
    let args = ["bench", "--records", "300", "--rounds", "2", "--codec", "json", "--codec", "kpl-json"];
    let paths = ["--report".as_ref(), report.as_os_str(), "--json".as_ref(), json.as_os_str()];
    let table = Headwater::new(args.map(AsRef::as_ref).into_iter().chain(paths)).run().await.ok();

    let figures = read_json(&report.join("report.json"));
    assert_eq!(figures, read_json(&json));
    assert_eq!(
        (&figures["records"], &figures["size"], &figures["shards"]),
        (&300.into(), &1000.into(), &1.into())
    );
    let command =
        "headwater bench --records 300 --size 1000 --shards 1 --rounds 2 --codec json --codec kpl-json";
    assert_eq!(figures["command"], command);
    for field in ["cores", "processor", "system", "rustc", "headwater", "sdk", "build"] {
        assert!(!figures["machine"][field].is_null(), "{field}: {figures}");
    }
    let names = ["sink/json", "sink/kpl_json", "sink/kpl_json/no-key", "source/json", "source/kpl_json"];
    assert_eq!(jobs(&figures), names);
    for job in figures["jobs"].as_array().unwrap() {
        for side in ["sdk", "headwater"] {
            let rounds = job[format!("{side}_rounds")].as_array().unwrap();
            assert_eq!(rounds.len(), 2, "{job}");
            assert!(rounds.iter().all(|round| round["cpu_seconds"].as_f64() > Some(0.0)), "{job}");
            assert!(job[side]["records_per_second"]["median"].as_f64() > Some(0.0), "{job}");
        }
        assert!(job["cpu_ratio"]["least"].as_f64() <= job["cpu_ratio"]["most"].as_f64(), "{job}");
        assert_eq!(job["bytes"], 300_000, "{job}");
    }

    let page = std::fs::read_to_string(report.join("index.html")).unwrap();
    assert!(!page.contains("{{"), "a part of the page is missing");
    assert!(page.contains(command), "it tells how to repeat it");
    for elsewhere in ["src=", "href=", "url(", "@import", "<script", "<link"] {
        assert!(!page.contains(elsewhere), "{elsewhere} in the page");
    }
    for name in names {
        assert!(page.contains(&format!("<th scope=\"row\">{name}</th>")) && table.contains(name), "{name}");
    }
    for picture in ["ratio", "cpu", "throughput"] {
        let svg = std::fs::read_to_string(report.join(format!("{picture}.svg"))).unwrap();
        assert_well_formed(picture, &svg);
        assert!(page.contains(svg.trim()), "the page shows {picture}");
        assert!(svg.contains("kpl_json"), "{picture} has a row for each job");
    }
}

#[tokio::test]
async fn size_shards_and_jobs_are_those_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let args = [
        "bench",
        "--records",
        "3000",
        "--quick",
        "--size",
        "2500",
        "--shards",
        "3",
        "--only",
        "order/bytes/1",
    ];
    let args = args.map(AsRef::as_ref).into_iter().chain(["--json".as_ref(), json.as_os_str()]);
    Headwater::new(args).run().await.ok();
    let figures = read_json(&json);
    let settings = ["records", "size", "shards", "rounds"].map(|name| figures[name].as_u64().unwrap());
    assert_eq!(settings, [300, 2500, 3, 1]);
    assert_eq!(jobs(&figures), ["order/bytes/100", "order/bytes/1"]);
    assert_eq!(figures["jobs"][0]["bytes"], 300 * 2500);
}

#[tokio::test]
async fn streams_on_another_server_are_named_and_deleted_afterwards() {
    for server in [Server::Kinesalite, Server::KinesisLocal] {
        let endpoint = server.start();
        // Frames of KPL aggregates make the largest requests.
        let args = [
            "bench",
            "--records",
            "300",
            "--rounds",
            "1",
            "--batch-bytes",
            "100000",
            "--codec",
            "kpl-string",
        ];
        let done = Headwater::at(&endpoint, args).run().await;
        let told = done.stderr.clone();
        assert!(
            told.contains("streams headwater-bench-") && told.contains("are made on"),
            "{server}: {told}"
        );
        let table = done.ok();
        for job in ["sink/kpl_string", "sink/kpl_string/no-key", "source/kpl_string"] {
            assert!(table.contains(job), "{server}: {table}");
        }
        let conditions = format!("Server: {}. Requests of 100,000 bytes at most.", endpoint.url());
        assert!(table.contains(&conditions), "{server}: {table}");
        eventually("every stream is gone", async || {
            streams(&endpoint.client()).await.is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_relay_is_measured_on_another_server_too() {
    let endpoint = Server::Kinesalite.shared();
    let args = ["bench", "--records", "600", "--rounds", "1", "--only", "relay"];
    let table = Headwater::at(endpoint, args).run().await.ok();
    assert!(table.contains("relay/bytes"), "{table}");
}

#[tokio::test]
async fn ctrl_c_deletes_the_streams_and_ends_with_130() {
    let endpoint = Server::Local.start();
    let mut headwater = Headwater::at(&endpoint, ["bench", "--rounds", "1000"]).spawn();
    eventually("it has made a stream", async || {
        (!streams(&endpoint.client()).await.is_empty()).then_some(())
    })
    .await;
    let id = headwater.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    assert_eq!(headwater.wait().await.unwrap().code(), Some(130));
    eventually("every stream is gone", async || streams(&endpoint.client()).await.is_empty().then_some(()))
        .await;
}

#[tokio::test]
async fn ctrl_c_ends_the_embedded_endpoint_too() {
    let mut headwater = Headwater::new(["bench", "--rounds", "1000"]).spawn();
    let id = headwater.id().unwrap().to_string();
    let child = eventually("the endpoint runs", async || {
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
        children.split_whitespace().next().map(str::to_owned)
    });
    let child = child.await;
    assert!(Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    assert_eq!(headwater.wait().await.unwrap().code(), Some(130));
    eventually("the endpoint has ended", async || (!Path::new("/proc").join(&child).exists()).then_some(()))
        .await;
}

#[tokio::test]
async fn limits_are_kept_to_where_a_server_enforces_them() {
    // Fewer than one request holds, so that it is throttled however slow the machine is.
    let rates = ShardRates { write_records_per_second: Some(200), ..ShardRates::aws() };
    let limited = LocalKinesis::builder().rates(rates).serve().await.unwrap();
    let url = limited.endpoint_url();
    let args = ["bench", "--records", "400", "--rounds", "1", "--only", "relay", "--endpoint-url", &url];
    let told = Headwater::new(args).run().await.code(1);
    assert!(told.contains("ProvisionedThroughputExceededException") && told.contains("limits"), "{told}");
    assert_eq!(streams(&limited.client()).await, [""; 0]);

    let table = Headwater::new(args.into_iter().chain(["--limits"])).run().await.ok();
    assert!(table.contains("limits of a shard, paced source"), "{table}");
    assert_eq!(streams(&limited.client()).await, [""; 0]);
}

#[tokio::test]
async fn what_is_wrong_is_named_with_the_way_out_before_anything_runs() {
    let cases: [(&[&str], &str); 12] = [
        (&["--codec", "jsn"], "json-lines"),
        (&["--records", "0"], "--records"),
        (&["--rounds", "0"], "--rounds"),
        (&["--shards", "0"], "--shards"),
        (&["--size", "100"], "320..=1047552"),
        (&["--size", "2000000"], "320..=1047552"),
        (&["--batch-bytes", "20000000"], "10485760"),
        (&["--records", "2000000000"], "up to 1073741 records"),
        (&["--only", "sinks"], "sink/bytes, sink/string"),
        (&["--report", "/dev/null/report"], "--report /dev/null/report"),
        (&["--json", "/nowhere/figures.json"], "--json /nowhere/figures.json"),
        (&["--endpoint-url", "https://me:secret@kinesis.eu-west-1.amazonaws.com"], "--aws"),
    ];
    for (flags, way_out) in cases {
        let told = Headwater::new(["bench"].iter().chain(flags)).run().await.code(2);
        assert!(told.contains(way_out), "{flags:?}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_named() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://me:secret@127.0.0.1:{port}");
    let told = Headwater::new(["bench", "--endpoint-url", &url]).run().await.code(1);
    assert!(told.contains(&format!("http://127.0.0.1:{port}: ")), "{told}");
    assert!(told.contains("start a server there") && !told.contains("secret"), "{told}");
}

#[tokio::test]
async fn aws_needs_a_region() {
    let told = Headwater::new(["bench", "--aws"]).run().await.code(2);
    assert!(told.contains("--region"), "{told}");
}

/// The streams of benchmarks that there are.
async fn streams(client: &Client) -> Vec<String> {
    let listed = client.list_streams().send().await.unwrap().stream_names;
    listed.into_iter().filter(|name| name.starts_with("headwater-bench-")).collect()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn jobs(figures: &Value) -> Vec<&str> {
    figures["jobs"].as_array().unwrap().iter().map(|job| job["job"].as_str().unwrap()).collect()
}

/// Sees that every element is closed by its own name, and that what is between them is XML.
#[track_caller]
fn assert_well_formed(name: &str, svg: &str) {
    let mut open = Vec::new();
    let mut elements = 0;
    for token in Tokenizer::from(svg) {
        match token.unwrap_or_else(|error| panic!("{name}: {error}")) {
            Token::ElementStart { local, .. } => {
                open.push(local.as_str());
                elements += 1;
            }
            Token::ElementEnd { end: ElementEnd::Empty, .. } => drop(open.pop()),
            Token::ElementEnd { end: ElementEnd::Close(_, local), .. } => {
                assert_eq!(open.pop(), Some(local.as_str()));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
    assert!(elements > 10, "{name}: {elements} elements");
}
