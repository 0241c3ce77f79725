//! The live page, as a browser shows it.

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation, Server};
use headwater_tests::eventually;
use serde_json::json;

use crate::support::{Browser, Headwater, Live};

const WIDE: (u32, u32) = (1280, 900);
const NARROW: (u32, u32) = (360, 1400);

/// Rows of the source's table, and of the sink's.
const SHARDS: &str = "document.querySelectorAll('#from tbody tr')";
const LANES: &str = "document.querySelectorAll('#to tbody tr')";

async fn relay(server: &Server, flags: &[&str]) -> Live {
    let url = server.endpoint_url();
    let relay = ["relay", "orders", "copies", "--endpoint-url", &url, "--listen", "127.0.0.1:0"];
    Live::start(Headwater::new([&relay[..], flags].concat())).await
}

/// More than the relay takes while a lane stands still.
const RECORDS: usize = 30_000;

async fn fill(server: &Server, records: usize) {
    let client = server.client();
    for first in (0..records).step_by(500) {
        let entries = (first..first + 500).map(|number| {
            let entry = aws_sdk_kinesis::types::PutRecordsRequestEntry::builder();
            let data = format!("order {number} of a customer").into_bytes().into();
            entry.partition_key(format!("customer-{}", number % 5_000)).data(data).build().expect("an entry")
        });
        let put =
            client.put_records().stream_name("orders").set_records(Some(entries.collect())).send().await;
        assert_eq!(put.expect("they are put").failed_record_count(), Some(0));
    }
}

/// Nothing is wider than the screen, and nothing went wrong.
async fn is_in_order(browser: &mut Browser, width: u32) {
    let scrolls = browser.value("document.scrollingElement.scrollWidth").await;
    assert!(scrolls.as_u64().is_some_and(|scrolls| scrolls <= u64::from(width)), "{scrolls} at {width}");
    assert_eq!(browser.complaints(), <[&str; 0]>::default());
}

#[tokio::test]
async fn the_page_shows_a_relay_its_shards_a_throttle_and_the_lag_falling_to_zero() {
    let throttled = Fault::fail_calls(ErrorCode::ProvisionedThroughputExceeded);
    let faults = Faults::seeded(7)
        .throttle_shard("copies", "shardId-000000000001")
        .add(throttled.on(Operation::GetRecords).in_stream("orders").chance(0.2));
    let local = LocalKinesis::builder().stream("orders", 4).stream("copies", 4).faults(faults);
    let server = local.serve().await.expect("it serves");
    fill(&server, RECORDS).await;

    let relay = relay(&server, &["--codec", "string"]).await;
    let mut browser = Browser::start().await;
    browser.open(&relay.url(), WIDE, "light").await;
    browser.sees("four shards that this worker reads", &format!(
        "[...{SHARDS}].filter(row => row.textContent.includes('reading') && row.textContent.includes('this worker')).length === 4"
    )).await;
    browser.sees("that it runs", "document.getElementById('state').innerText === 'running'").await;
    browser
        .sees(
            "the lane that its shard throttles, before the others",
            &format!(
                "/shardId-000000000001/.test({LANES}[0]?.textContent) && !!{LANES}[0].querySelector('.warn')"
            ),
        )
        .await;
    browser
        .sees(
            "a throttle among the totals",
            "document.getElementById('tile-throttled').className === 'alarm'",
        )
        .await;
    browser.sees("a lag of seconds", &format!("{BEHIND} >= 3000")).await;
    browser.screenshot("relay-1280-light").await;
    is_in_order(&mut browser, WIDE.0).await;
    browser.resize(NARROW, "dark").await;
    is_in_order(&mut browser, NARROW.0).await;
    browser.screenshot("relay-360-dark").await;

    server.faults().clear();
    browser.sees("the lag at zero", &format!("{BEHIND} === 0")).await;
    eventually("all of it is relayed", async || {
        (relay.status().await["sinks"][0]["stored"] == json!(RECORDS)).then_some(())
    })
    .await;
    browser
        .sees("nothing unacked", "document.querySelector('#tile-unacked .big').innerText.trim() === '0'")
        .await;
    browser.resize(WIDE, "dark").await;
    browser.screenshot("relay-caught-up-1280-dark").await;
    is_in_order(&mut browser, WIDE.0).await;

    drop(relay);
    browser
        .sees("that nobody answers", "/^no answer since/.test(document.getElementById('state').innerText)")
        .await;
    browser.screenshot("relay-gone-1280-dark").await;
}

/// The lag of the furthest shard, as the page was told.
const BEHIND: &str =
    "Math.max(...kept.at(-1).sources[0].shards.map(shard => shard.millis_behind_latest ?? 0))";

#[tokio::test]
async fn five_hundred_shards_are_shown_on_a_small_screen_and_their_rows_are_patched() {
    let local = LocalKinesis::builder().shard_limit(2_000).stream("orders", 500).stream("copies", 500);
    let server = local.serve().await.expect("it serves");
    fill(&server, 5_000).await;
    let relay = relay(&server, &["--unlimited"]).await;
    let mut browser = Browser::start().await;
    browser.open(&relay.url(), NARROW, "light").await;
    browser
        .sees(
            "all shards",
            &format!("[...{SHARDS}].filter(row => row.textContent.includes('reading')).length === 500"),
        )
        .await;
    browser.sees("all lanes", &format!("{LANES}.length === 500")).await;
    browser.screenshot("shards-360-light").await;
    is_in_order(&mut browser, NARROW.0).await;

    browser.value(&format!("window.first = [...{SHARDS}]; window.answers = kept.length; 0")).await;
    browser.sees("three more answers", "kept.length >= window.answers + 3").await;
    let kept =
        browser.value(&format!("[...{SHARDS}].filter(row => window.first.includes(row)).length")).await;
    assert_eq!(kept, json!(500), "a row was made anew");

    browser.value("(() => { const filter = document.querySelector('#from input'); filter.value = '-00000000042'; filter.oninput(); })()").await;
    let shown = browser.value(&format!("[...{SHARDS}].filter(row => !row.hidden).length")).await;
    assert_eq!(shown, json!(10), "shards 420 to 429");
    browser.value("(() => { const filter = document.querySelector('#from input'); filter.value = ''; filter.oninput(); })()").await;
    for (name, scheme) in [("shards-1280-light", "light"), ("shards-1280-dark", "dark")] {
        browser.resize(WIDE, scheme).await;
        browser.screenshot(name).await;
    }
    is_in_order(&mut browser, WIDE.0).await;
}
