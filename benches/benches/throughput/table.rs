//! The report as a person reads it.

use std::fmt::Write;

use crate::comparison::{Comparison, Figures, Packing};
use crate::report::Report;

/// What stands under the heading.
const CONDITIONS: &str = "\
Headwater: order per key, an ack for each message, checkpoints in memory, limits(Unlimited), unpaced source.
Bare SDK loop: same serializer, one message per record; put_records of 500, 4 in flight; get_records of 10,000.
Server: headwater-local without limits, in another process. CPU: user and system time of the client process.
Packed: Headwater's messages in a record × records in a request.
Ratio: Headwater's CPU over the bare loop's in the same round; median over the rounds (least to most).
";

/// Writes the table.
pub(crate) fn table(report: &Report) -> String {
    let mut text = format!(
        "\n{} messages of {} bytes, {} keys, {} shards; {} rounds, interleaved; {} client threads.\n{CONDITIONS}\n",
        report.records, report.record_bytes, report.keys, report.shards, report.rounds, report.threads
    );
    let (mine, theirs) = ("Headwater", "bare SDK loop");
    let each = format!("{:>10} {:>11}", "records/s", "CPU µs each");
    text.push_str(&line("", &format!("{mine:>22}"), &format!("{theirs:>22}"), "", ""));
    text.push_str(&line("job", &each, &each, "packed", "CPU ratio"));
    for job in &report.jobs {
        text.push_str(&row(job));
    }
    text
}

fn row(job: &Comparison) -> String {
    let packed = job.packing.map(packed).unwrap_or_default();
    let ratio = job.cpu_ratio.map(|ratio| {
        let (median, least, most) = (ratio.median, ratio.least, ratio.most);
        format!("{median:.2} ({least:.2} to {most:.2})")
    });
    line(&job.job, &side(job.headwater), &side(job.sdk), &packed, &ratio.unwrap_or_default())
}

fn packed(packing: Packing) -> String {
    let mut text = format!("{:.1}", packing.messages_per_record);
    if let Some(records) = packing.records_per_request {
        // Writing to a string cannot fail.
        let _ = write!(text, " × {records:.0}");
    }
    text
}

fn side(figures: Option<Figures>) -> String {
    let cells = figures.map(|figures| {
        let (rate, cpu) = (figures.records_per_second.median, figures.cpu_micros_per_record.median);
        format!("{rate:>10.0} {cpu:>11.2}")
    });
    cells.unwrap_or_else(|| format!("{:>10} {:>11}", "-", "-"))
}

fn line(job: &str, mine: &str, theirs: &str, packed: &str, ratio: &str) -> String {
    let line = format!("{job:<23} {mine}  {theirs}  {packed:<11}  {ratio}");
    format!("{}\n", line.trim_end())
}
