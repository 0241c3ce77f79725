//! What a source takes in memory, measured from outside its process.

use std::process::Stdio;
use std::time::Duration;

use headwater_local::{LocalKinesis, Server};
use headwater_tests::{ReaderJob, ReaderReport, sized};
use tokio::process::Command;
use tokio::time::interval;

const MIB: usize = 1 << 20;

/// Runs a consumer in a process of its own to its end.
async fn read(job: &ReaderJob) -> ReaderReport {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reader"));
    command.arg(serde_json::to_string(job).unwrap()).stdin(Stdio::null()).kill_on_drop(true);
    let output =
        tokio::time::timeout(Duration::from_mins(10), command.output()).await.expect("it ends").unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    println!("{job:?}: {report:?}");
    report
}

/// Puts messages that begin with their numbers, over all shards.
fn put(local: &LocalKinesis, numbers: std::ops::Range<usize>, size: usize) {
    let mut data = vec![b'x'; size];
    for number in numbers {
        data[..8].copy_from_slice(&(number as u64).to_be_bytes());
        local.put("orders", &format!("key-{number}"), &data).unwrap();
    }
}

async fn serve(shards: usize) -> Server {
    LocalKinesis::builder().shard_limit(100_000).stream("orders", shards).serve().await.unwrap()
}

fn job(server: &Server, messages: usize, buffer_bytes: usize) -> ReaderJob {
    let (url, stream) = (server.endpoint_url(), "orders".to_owned());
    ReaderJob { url, stream, messages, buffer_bytes, stall_after: 0, stall: Duration::ZERO, fan_out: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stream_of_2_500_shards_is_read_within_the_budget_and_64_mib() {
    const SIZE: usize = 20_000;
    let messages = sized(20_000, 5_000);
    let budget = sized(64, 32) * MIB;
    let server = serve(2_500).await;
    put(server.local(), 0..messages, SIZE);
    assert!(messages * SIZE > budget, "it does not fit the budget whole");
    let report =
        read(&ReaderJob { stall_after: 1, stall: Duration::from_secs(2), ..job(&server, messages, budget) })
            .await;
    assert_eq!((report.read, report.repeated), (messages, 0));
    let allowed = (budget + 64 * MIB) as u64 / 1024;
    assert!(report.peak_kib <= allowed, "{} KiB of {allowed} allowed", report.peak_kib);
}

/// A consumer that stalls while its stream takes all that four shards may take.
async fn stalls_under_full_input(fan_out: Option<&str>) {
    const SIZE: usize = 50_000;
    const SHARDS: usize = 4;
    const BUDGET: usize = 16 * MIB;
    let stall = Duration::from_secs(sized(120, 10) as u64);
    // 1 MiB a second and shard, for as long as the consumer takes to start, settle and stall.
    let a_second = SHARDS * MIB / SIZE;
    let messages = a_second * (stall.as_secs() as usize + 6);
    let server = serve(SHARDS).await;
    let writing = async {
        let mut ticks = interval(Duration::from_millis(250));
        let mut written = 0;
        while written < messages {
            ticks.tick().await;
            let until = (written + a_second / 4).min(messages);
            put(server.local(), written..until, SIZE);
            written = until;
        }
    };
    let fan_out = fan_out.map(str::to_owned);
    let job = ReaderJob { stall_after: a_second, stall, fan_out, ..job(&server, messages, BUDGET) };
    let (report, ()) = tokio::join!(read(&job), writing);
    assert_eq!((report.read, report.repeated), (messages, 0));
    let growth = report.stalled_kib.saturating_sub(report.settled_kib);
    assert!(growth <= 2 * 1024, "it grew by {growth} KiB while it stalled");
    let allowed = (BUDGET + 64 * MIB) as u64 / 1024;
    assert!(report.peak_kib <= allowed, "{} KiB of {allowed} allowed", report.peak_kib);
    let stalled = stall.as_millis() as u64;
    assert!(report.lag_millis >= stalled, "a lag of {} ms after a stall of {stalled}", report.lag_millis);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stalled_poller_holds_its_memory_flat_tells_its_lag_and_catches_up() {
    stalls_under_full_input(None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stalled_subscriber_holds_its_memory_flat_tells_its_lag_and_catches_up() {
    stalls_under_full_input(Some("reports")).await;
}
