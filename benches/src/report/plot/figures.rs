//! Which pictures there are.

use crate::comparison::{Comparison, Figures};
use crate::report::Report;
use crate::report::plot::colours::Colour;
use crate::report::plot::scale::Scale;
use crate::report::plot::{Mark, Plot, Row};
use crate::report::words::grouped;
use crate::spread::Spread;

/// Returns the pictures of a report.
pub(in crate::report) fn plots(report: &Report) -> Vec<Plot> {
    let rates = |figures: Figures| figures.records_per_second;
    let costs = |figures: Figures| figures.cpu_micros_per_record;
    vec![
        ratio(report),
        sides(report, "cpu", "CPU of the client, µs per record: less is better", costs, |cpu| {
            format!("{cpu:.2}")
        }),
        sides(report, "throughput", "Records a second: more is better", rates, |rate| {
            grouped(rate.round() as u64)
        }),
    ]
}

/// Headwater's CPU time over the bare loop's.
fn ratio(report: &Report) -> Plot {
    let marks = |job: &Comparison| {
        let spread = job.cpu_ratio?;
        let colour = if spread.median > 1.0 { Colour::Dearer } else { Colour::Headwater };
        Some((vec![Mark { colour, spread }], format!("{:.2} ×", spread.median)))
    };
    let ratios: Vec<_> = report.jobs.iter().filter_map(|job| job.cpu_ratio).collect();
    Plot {
        name: "ratio",
        title: "CPU of Headwater beside the bare SDK loop".to_owned(),
        legend: vec![
            (Colour::Headwater, "costs less"),
            (Colour::Dearer, "costs more"),
            (Colour::Muted, "the same"),
        ],
        scale: Scale::doubling(ratios.iter().flat_map(|ratio| [ratio.least, ratio.most])),
        rows: rows(report, marks),
    }
}

/// A figure of both sides, and Headwater's in words.
fn sides(
    report: &Report,
    name: &'static str,
    title: &str,
    figure: impl Fn(Figures) -> Spread + Copy,
    words: impl Fn(f64) -> String,
) -> Plot {
    let both = |job: &Comparison| [(Colour::Headwater, job.headwater), (Colour::Sdk, job.sdk)];
    let marks = |job: &Comparison| {
        let marks = both(job).into_iter().filter_map(|(colour, figures)| {
            let spread = figure(figures?);
            Some(Mark { colour, spread })
        });
        let marks: Vec<_> = marks.collect();
        let first = words(marks.first()?.spread.median);
        Some((marks, first))
    };
    let most = report.jobs.iter().flat_map(both).filter_map(|(_, figures)| Some(figure(figures?).most));
    Plot {
        name,
        title: title.to_owned(),
        legend: vec![(Colour::Headwater, "Headwater"), (Colour::Sdk, "bare SDK loop")],
        scale: Scale::even(most),
        rows: rows(report, marks),
    }
}

/// A row for each job that has marks, below what its group does.
fn rows(report: &Report, marks: impl Fn(&Comparison) -> Option<(Vec<Mark>, String)>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut group = "";
    for comparison in &report.jobs {
        let Some((marks, figure)) = marks(comparison) else { continue };
        if group != comparison.job.group() {
            group = comparison.job.group();
            rows.push(Row::Heading(group));
        }
        rows.push(Row::Job { label: comparison.job.label(), marks, figure });
    }
    rows
}
