//! The report as a terminal shows it.

use std::fmt::Write;

use crate::comparison::{Comparison, Figures, Packing};
use crate::report::Report;

/// What stands under the heading.
const CONDITIONS: &str = "\
CPU: user and system time of the client process. MB: 10⁶ bytes of payload.
Packed: Headwater's messages in a record × records in a request.
Ratio: Headwater's CPU over the bare loop's in the same round; median over the rounds (least to most).
";

/// Writes the table.
pub(super) fn table(report: &Report) -> String {
    let settings = &report.settings;
    let mut text = format!(
        "\n{} messages of {} bytes, {} keys, {} shards; {} rounds, interleaved; {} client threads.\n",
        settings.records, settings.size, report.keys, settings.shards, settings.rounds, report.threads
    );
    for condition in report.conditions() {
        text.push_str(&condition);
        text.push('\n');
    }
    text.push_str(CONDITIONS);
    text.push('\n');
    let (mine, theirs) = ("Headwater", "bare SDK loop");
    let each = format!("{:>9} {:>6} {:>8}", "records/s", "MB/s", "CPU µs");
    text.push_str(&line("", &format!("{mine:>25}"), &format!("{theirs:>25}"), "", ""));
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
    let side = |figures| side(figures, job.message_bytes());
    line(&job.job.to_string(), &side(job.headwater), &side(job.sdk), &packed, &ratio.unwrap_or_default())
}

pub(super) fn packed(packing: Packing) -> String {
    let mut text = format!("{:.1}", packing.messages_per_record);
    if let Some(records) = packing.records_per_request {
        // Writing to a string cannot fail.
        let _ = write!(text, " × {records:.0}");
    }
    text
}

fn side(figures: Option<Figures>, message_bytes: f64) -> String {
    let cells = figures.map(|figures| {
        let (rate, cpu) = (figures.records_per_second.median, figures.cpu_micros_per_record.median);
        format!("{rate:>9.0} {:>6.1} {cpu:>8.2}", figures.megabytes_per_second(message_bytes))
    });
    cells.unwrap_or_else(|| format!("{:>9} {:>6} {:>8}", "-", "-", "-"))
}

fn line(job: &str, mine: &str, theirs: &str, packed: &str, ratio: &str) -> String {
    let line = format!("{job:<27} {mine}  {theirs}  {packed:<11}  {ratio}");
    format!("{}\n", line.trim_end())
}
