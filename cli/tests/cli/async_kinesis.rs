//! async-kinesis' own command reads what ours wrote, and the other way round.

use headwater_tests::{Server, async_kinesis};

use crate::support::Headwater;

const TEXTS: [&str; 4] = ["one", "two words", "hé\u{1f600}llo", "{\"looks\": \"like JSON\"}"];
const VALUES: [&str; 4] =
    ["{\"id\": 1, \"name\": \"h\\u00e9\"}", "[1, 2.5, null]", "\"text\"", "{\"z\": 1, \"a\": 2}"];

#[tokio::test]
async fn it_reads_the_texts_that_were_put() {
    it_reads_what_was_put("string", &TEXTS, &TEXTS).await;
}

#[tokio::test]
async fn it_reads_the_json_that_was_put() {
    // A text is printed bare.
    it_reads_what_was_put("json", &VALUES, &[VALUES[0], VALUES[1], "text", VALUES[3]]).await;
}

#[tokio::test]
async fn the_texts_that_it_put_are_read() {
    what_it_put_is_read("string", &TEXTS, &TEXTS).await;
}

#[tokio::test]
async fn the_json_that_it_put_is_read() {
    what_it_put_is_read("json", &VALUES, &VALUES).await;
}

async fn it_reads_what_was_put(codec: &str, lines: &[&str], printed: &[&str]) {
    let endpoint = Server::Kinesalite.shared();
    let stream = endpoint.create_stream("ours", 1).await;
    Headwater::at(endpoint, ["put", stream.name(), "--codec", codec])
        .input(lines.join("\n"))
        .run()
        .await
        .ok();

    let count = lines.len().to_string();
    let tail = ["tail", stream.name(), "-i", "TRIM_HORIZON", "-f", "json", "-p", codec, "-n", &count];
    let read = async_kinesis(endpoint.url(), &tail, String::new()).await;
    assert_eq!(sorted(read.lines()), sorted(printed.iter().copied()));
    stream.delete().await;
}

async fn what_it_put_is_read(codec: &str, lines: &[&str], printed: &[&str]) {
    let endpoint = Server::Kinesalite.shared();
    let stream = endpoint.create_stream("theirs", 1).await;
    async_kinesis(endpoint.url(), &["put", stream.name(), "-p", codec], lines.join("\n")).await;

    let tail = ["tail", stream.name(), "--from", "horizon", "--until", "tip", "--codec", codec];
    let read = Headwater::at(endpoint, tail).run().await.ok();
    assert_eq!(sorted(read.lines()), sorted(printed.iter().copied()));
    stream.delete().await;
}

fn sorted<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    lines
}
