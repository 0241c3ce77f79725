//! The pictures of the tables of speed.

use crate::comparison::Figures;
use crate::outcome::Outcome;
use crate::report::plot::colours::Colour;
use crate::report::plot::scale::Scale;
use crate::report::plot::{Mark, Plot, Row};
use crate::speed::{Group, Line};

/// Draws the rows of each table, under the name of its file: what a record costs on both sides.
pub(crate) fn drawings(lines: &[Line]) -> Outcome<Vec<(String, String)>> {
    let drawn = |group: Group| {
        let lines: Vec<_> = lines.iter().filter(|line| line.group == group).collect();
        (!lines.is_empty()).then(|| Ok((format!("{}.svg", group.name()), plot(group, &lines).svg()?)))
    };
    Group::ALL.into_iter().filter_map(drawn).collect()
}

fn plot(group: Group, lines: &[&Line]) -> Plot {
    let sides = |line: &Line| {
        let mark = |colour, figures: Option<Figures>| {
            figures.map(|figures| Mark { colour, spread: figures.cpu_micros_per_record })
        };
        let sides =
            [mark(Colour::Headwater, line.comparison.headwater), mark(Colour::Sdk, line.comparison.sdk)];
        sides.into_iter().flatten().collect::<Vec<_>>()
    };
    let row = |line: &&Line| {
        let label = line.row.split_once('/').map_or(&*line.row, |(_, name)| name).to_owned();
        let figure =
            line.comparison.cpu_ratio.map_or_else(String::new, |ratio| format!("{:.2} ×", ratio.median));
        Row::Job { label, marks: sides(line), figure }
    };
    Plot {
        name: group.name(),
        title: "CPU of the client, µs per record".to_owned(),
        legend: vec![(Colour::Headwater, "Headwater"), (Colour::Sdk, "bare SDK loop")],
        scale: Scale::even(lines.iter().flat_map(|line| sides(line)).map(|mark| mark.spread.most)),
        rows: lines.iter().map(row).collect(),
    }
}
