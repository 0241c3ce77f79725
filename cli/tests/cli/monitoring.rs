//! The dashboard and the alerts, held against what a run really serves.

use std::collections::{BTreeMap, BTreeSet};

use headwater_local::{ErrorCode, Fault, Faults, LocalKinesis, Operation};
use headwater_tests::eventually;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Headwater, Live};

const DASHBOARD: &str = include_str!("../../monitoring/grafana.json");
const ALERTS: &str = include_str!("../../monitoring/alerts.yml");
const DOCS: &str = include_str!("../../../docs/operations.md");

/// The labels that Prometheus itself adds.
const ADDED: [&str; 2] = ["job", "instance"];

/// The words of PromQL that stand where a label or a metric could.
const WORDS: [&str; 6] = ["by", "unless", "offset", "and", "or", "le"];

/// A metric or a label, as an expression names it.
#[derive(Debug, Default)]
struct Named {
    metrics: BTreeSet<String>,
    labels: BTreeSet<String>,
}

/// Reads an expression as far as names go: what starts with `headwater_` is a metric, what stands before an operator in
/// braces or in the parentheses of `by` is a label.
fn named(expression: &str) -> Named {
    let mut named = Named::default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let names = expression.split(|c| !is_name(c)).filter(|name| name.starts_with("headwater_"));
    named.metrics.extend(names.map(str::to_owned));
    let within = |open: &str, close: char| {
        let parts = expression.split(open).skip(1);
        parts.filter_map(move |part| part.split(close).next()).map(str::to_owned).collect::<Vec<_>>()
    };
    for matcher in within("{", '}').iter().flat_map(|braces| braces.split(", ")) {
        named.labels.insert(matcher.split(['=', '!']).next().unwrap_or_default().trim().to_owned());
    }
    for label in within("by (", ')').iter().flat_map(|list| list.split(", ")) {
        named.labels.insert(label.trim().to_owned());
    }
    named.labels.retain(|label| !ADDED.contains(&label.as_str()) && !WORDS.contains(&label.as_str()));
    named
}

/// The names of metrics that are served, with their labels.
fn served(metrics: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut served = BTreeMap::<_, BTreeSet<_>>::new();
    for line in metrics.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap_or_default().to_owned();
        let labels =
            line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        let names = labels.split("\",").filter_map(|pair| pair.split('=').next());
        served.entry(name).or_default().extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    served
}

/// What is served by a run in which everything happens that has a name of its own: reads and writes that throttle, a
/// fetch that fails, a message that cannot be decoded.
async fn a_run_with_all_of_it() -> String {
    let throttled = Fault::fail_calls(ErrorCode::ProvisionedThroughputExceeded);
    let failed = Fault::fail_calls(ErrorCode::InternalFailure);
    let faults = Faults::seeded(1)
        .fail_entries(0.5)
        .add(throttled.on(Operation::GetRecords).times(1))
        .add(failed.on(Operation::GetRecords).times(1));
    let local = LocalKinesis::builder().stream("orders", 1).stream("copies", 1).faults(faults);
    let server = local.serve().await.expect("it serves");
    let client = server.client();
    for data in ["{}", "no JSON", "{}", "{}", "{}", "{}", "{}", "{}"] {
        let put = client.put_record().stream_name("orders").partition_key("k").data(data.as_bytes().into());
        // Half of them fail on purpose.
        let mut put = put.send().await;
        while put.is_err() {
            let again = client.put_record().stream_name("orders").partition_key("k");
            put = again.data(data.as_bytes().into()).send().await;
        }
    }
    let url = server.endpoint_url();
    let flags = ["--codec", "json", "--on-error", "skip", "--listen", "127.0.0.1:0", "--endpoint-url", &url];
    let relay = Live::start(Headwater::new([&["relay", "orders", "copies"], &flags[..]].concat())).await;
    let all = [
        "headwater_poison_total{",
        "headwater_source_throttled_total{",
        "headwater_source_failures_total{",
        "headwater_sink_refused_total{",
        "headwater_sink_messages_stored_total{sink=\"copies\"} 7",
    ];
    eventually("all of it has happened", async || {
        let metrics = relay.get("/metrics").await.body;
        all.iter().all(|one| metrics.contains(one)).then_some(metrics)
    })
    .await
}

/// The expressions of the dashboard's panels and variables.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let mut expressions = Vec::new();
    let mut titles = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64()), "two panels have one id: {}", panel["id"]);
        if panel["type"] == "row" {
            continue;
        }
        let title = panel["title"].as_str().expect("a title");
        assert!(titles.insert(title.to_owned()), "two panels are called {title}");
        for target in panel["targets"].as_array().expect("targets") {
            expressions.push(target["expr"].as_str().expect("an expression").to_owned());
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        if let Some(query) = variable["query"]["query"].as_str() {
            let values = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
            let (series, label) = values.and_then(|values| values.rsplit_once(", ")).expect("label_values");
            expressions.push(format!("max by ({label}) ({series})"));
        }
    }
    expressions
}

/// The rules, by name.
fn alerts() -> BTreeMap<String, Yaml> {
    let alerts = YamlLoader::load_from_str(ALERTS).expect("YAML").remove(0);
    let rules = alerts["groups"].as_vec().expect("groups").iter().flat_map(|group| group["rules"].clone());
    rules.map(|rule| (rule["alert"].as_str().expect("a name").to_owned(), rule)).collect()
}

#[tokio::test]
async fn every_metric_and_label_of_dashboard_and_alerts_is_served() {
    let metrics = a_run_with_all_of_it().await;
    let served = served(&metrics);
    let rules = alerts();
    let rules = rules.values().map(|rule| rule["expr"].as_str().expect("an expression").to_owned());
    let mut seen = 0;
    for expression in dashboard().into_iter().chain(rules) {
        let named = named(&expression);
        let mut labels = BTreeSet::new();
        for metric in &named.metrics {
            let of = served.get(metric).unwrap_or_else(|| panic!("{metric} is not served: {expression}"));
            labels.extend(of.iter().cloned());
            seen += 1;
        }
        for label in &named.labels {
            assert!(labels.contains(label), "no metric has the label {label}: {expression}");
        }
    }
    assert!(seen > 50, "only {seen} names were found");
}

#[tokio::test]
async fn every_metric_that_is_served_has_a_help_and_a_type() {
    let metrics = a_run_with_all_of_it().await;
    let told = |what: &str| -> BTreeSet<String> {
        let lines = metrics.lines().filter_map(|line| line.strip_prefix(what));
        lines.filter_map(|rest| rest.split(' ').next()).map(str::to_owned).collect()
    };
    let (helps, types) = (told("# HELP "), told("# TYPE "));
    assert_eq!(types.difference(&helps).collect::<Vec<_>>(), Vec::<&String>::new());
    let ours = types.iter().filter(|name| name.starts_with("headwater_"));
    assert!(ours.count() > 35, "{types:?}");
}

#[test]
fn every_alert_has_a_summary_a_remedy_and_a_line_in_the_docs() {
    let rules = alerts();
    for (name, rule) in &rules {
        for what in ["summary", "remedy"] {
            let text = rule["annotations"][what].as_str().unwrap_or_default();
            assert!(text.len() > 30, "{name} has no {what}");
        }
        assert!(rule["labels"]["severity"].as_str().is_some(), "{name} has no severity");
        assert!(DOCS.contains(&format!("| `{name}` |")), "docs/operations.md has nothing of {name}");
    }
    let documented = DOCS.lines().filter(|line| line.starts_with("| `Headwater")).count();
    assert_eq!(documented, rules.len());
}
