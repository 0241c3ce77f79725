//! The report as a browser shows it: one file that needs no other.

use crate::comparison::{Comparison, Figures};
use crate::outcome::Outcome;
use crate::report::plot::{colour_rules, plots};
use crate::report::table::packed;
use crate::report::words::{escaped, grouped};
use crate::report::{Picture, Report};
use crate::spread::Spread;

/// The page, with a name in double braces for each part.
const PAGE: &str = include_str!("page.html");

/// Writes the page around its pictures.
pub(super) fn page(report: &Report, pictures: &[Picture]) -> String {
    let settings = &report.settings;
    let machine = &report.machine;
    let load = format!(
        "{} messages of {} bytes, {} keys, {}",
        grouped(settings.records as u64),
        grouped(settings.size as u64),
        grouped(report.keys as u64),
        counted(settings.shards, "shard"),
    );
    let conditions = report.conditions().map(|condition| format!("<p>{}</p>\n", escaped(&condition)));
    let rounds = if settings.rounds == 1 { "once".to_owned() } else { format!("{} times", settings.rounds) };
    let parts = [
        ("time", escaped(&report.time)),
        ("headwater", escaped(machine.headwater)),
        ("load", load),
        ("warning", warning(report)),
        ("colours", colour_rules()),
        ("tiles", tiles(report)),
        ("plots", pictures.iter().map(figure).collect()),
        ("rows", report.jobs.iter().map(row).collect()),
        ("rounds", rounds),
        ("conditions", conditions.concat()),
        ("machine", about(report)),
        ("repeat", report.command.as_deref().map(repeat).unwrap_or_default()),
    ];
    let fill = |page: String, (name, part): &(&str, String)| page.replace(&format!("{{{{{name}}}}}"), part);
    parts.iter().fold(PAGE.to_owned(), fill)
}

fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number as u64))
}

fn warning(report: &Report) -> String {
    let debug =
        (report.machine.build == "debug").then_some("This was a debug build: its figures say nothing.");
    let few =
        (report.settings.rounds < 3).then_some("Fewer than three rounds: do not rely on these figures.");
    let told = [debug, few].into_iter().flatten();
    told.map(|warning| format!("<p class=\"warning\">{warning}</p>\n")).collect::<Vec<_>>().concat()
}

/// A tile for each group of jobs: the median of their ratios.
fn tiles(report: &Report) -> String {
    let mut groups: Vec<(&str, Vec<f64>)> = Vec::new();
    for job in &report.jobs {
        let Some(ratio) = job.cpu_ratio else { continue };
        match groups.last_mut() {
            Some((group, ratios)) if *group == job.job.group() => ratios.push(ratio.median),
            _ => groups.push((job.job.group(), vec![ratio.median])),
        }
    }
    groups.into_iter().filter_map(|(group, ratios)| tile(group, &ratios)).collect()
}

fn tile(group: &str, ratios: &[f64]) -> Option<String> {
    let Spread { median, least, most } = Spread::of(ratios.iter().copied())?;
    let range = match ratios.len() {
        1 => "of the bare loop's CPU".to_owned(),
        _ => format!("{least:.2} to {most:.2} of the bare loop's CPU"),
    };
    Some(format!(
        "<div class=\"tile\"><span>{group}</span><b class=\"{}\">{median:.2} ×</b><span>{range}</span></div>\n",
        class(median)
    ))
}

fn class(ratio: f64) -> &'static str {
    if ratio > 1.0 { "more" } else { "less" }
}

fn figure(picture: &Picture) -> String {
    format!("<figure role=\"img\" aria-label=\"{}\">\n{}</figure>\n", escaped(&picture.title), picture.svg)
}

fn row(job: &Comparison) -> String {
    let bytes = job.message_bytes();
    let ratio = match job.cpu_ratio {
        Some(Spread { median, least, most }) => format!(
            "<td class=\"{}\">{median:.2}</td><td class=\"range\">{least:.2} to {most:.2}</td>",
            class(median)
        ),
        None => "<td></td><td></td>".to_owned(),
    };
    format!(
        "<tr><th scope=\"row\">{}</th>{}{}<td>{}</td>{ratio}</tr>\n",
        job.job,
        side(job.headwater, bytes, "mine"),
        side(job.sdk, bytes, "theirs"),
        job.packing.map(packed).unwrap_or_default(),
    )
}

fn side(figures: Option<Figures>, message_bytes: f64, class: &str) -> String {
    let Some(figures) = figures else { return "<td></td><td></td><td></td>".to_owned() };
    format!(
        "<td>{}</td><td>{:.1}</td><td class=\"{class}\">{:.2}</td>",
        grouped(figures.records_per_second.median.round() as u64),
        figures.megabytes_per_second(message_bytes),
        figures.cpu_micros_per_record.median,
    )
}

fn about(report: &Report) -> String {
    let machine = &report.machine;
    let lines = [
        ("Processor", format!("{}, {}", machine.processor, counted(machine.cores, "core"))),
        ("System", machine.system.clone()),
        ("Server", report.server.clone()),
        ("Client threads", report.threads.to_string()),
        ("Headwater", format!("{}, {} build", machine.headwater, machine.build)),
        ("AWS SDK", format!("aws-sdk-kinesis {}", machine.sdk)),
        ("Compiler", machine.rustc.to_owned()),
    ];
    lines.map(|(name, value)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(&value))).concat()
}

fn repeat(command: &str) -> String {
    format!("<h2>How to repeat it</h2>\n<pre><code>{}</code></pre>\n", escaped(command))
}

/// Draws the pictures.
pub(super) fn pictures(report: &Report) -> Outcome<Vec<Picture>> {
    plots(report)
        .into_iter()
        .map(|plot| Ok(Picture { svg: plot.svg()?, name: plot.name, title: plot.title }))
        .collect()
}
