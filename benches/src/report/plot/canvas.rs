//! Draws a picture.

use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, IntoDrawingArea, IntoFont, PathElement, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle};

use crate::outcome::{Outcome, during};
use crate::report::plot::colours::Colour;
use crate::report::plot::scale::Scale;
use crate::report::plot::{Mark, Plot, Row};

/// How wide a picture is. Its text is readable on the narrowest telephone.
const WIDTH: i32 = 360;
/// Where the scale begins below title and legend.
const TOP: i32 = 58;
const ROW: i32 = 22;
const HEADING: i32 = 26;
/// Room for the figures of the scale.
const BOTTOM: i32 = 30;
/// Room for the figure of a row.
const FIGURE: i32 = 56;
/// The width of a letter, on average.
const LETTER: f64 = 6.4;
/// The size of text. The backend draws it smaller by this factor.
const SIZE: f64 = 12.0 * 1.24;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Plot {
    /// Draws it.
    pub(in crate::report) fn svg(&self) -> Outcome<String> {
        let mut svg = String::new();
        let height = TOP + BOTTOM + self.rows.iter().map(Row::height).sum::<i32>();
        {
            let area = SVGBackend::with_string(&mut svg, (WIDTH as u32, height as u32)).into_drawing_area();
            let canvas = Canvas { area, ends: (self.label_width(), WIDTH - FIGURE), bottom: height - BOTTOM };
            canvas.draw(self).map_err(during(format!("draw {}", self.name)))?;
        }
        Ok(svg)
    }

    fn label_width(&self) -> i32 {
        let chars = self.rows.iter().map(|row| match row {
            Row::Heading(_) => 0,
            Row::Job { label, .. } => label.chars().count(),
        });
        (chars.max().unwrap_or(0) as f64 * LETTER) as i32 + 14
    }
}

impl Row {
    fn height(&self) -> i32 {
        match self {
            Self::Heading(_) => HEADING,
            Self::Job { .. } => ROW,
        }
    }
}

/// A picture in the making.
struct Canvas<'a> {
    area: Area<'a>,
    /// Where the scale begins and ends, from left to right
    ends: (i32, i32),
    /// Where it ends below
    bottom: i32,
}

/// What drawing returns: into memory, it does not fail.
type Drawn = Result<(), plotters::drawing::DrawingAreaErrorKind<std::io::Error>>;

impl Canvas<'_> {
    fn draw(&self, plot: &Plot) -> Drawn {
        self.heading(plot)?;
        self.ticks(&plot.scale)?;
        let mut top = TOP;
        for row in &plot.rows {
            let middle = top + row.height() / 2;
            match row {
                Row::Heading(heading) => self.bold(heading, (0, middle + 3))?,
                Row::Job { label, marks, figure } => {
                    self.lines(&plot.scale, (top, top + ROW))?;
                    self.text(label, (8, middle), HPos::Left, Colour::Text)?;
                    match plot.scale {
                        Scale::Even(_) => self.bars(&plot.scale, marks, middle)?,
                        Scale::Doubling { .. } => self.dots(&plot.scale, marks, middle)?,
                    }
                    self.text(figure, (WIDTH - 2, middle), HPos::Right, Colour::Text)?;
                }
            }
            top += row.height();
        }
        self.area.present()
    }

    fn heading(&self, plot: &Plot) -> Drawn {
        self.bold(&plot.title, (0, 12))?;
        let mut left = 0;
        for &(colour, name) in &plot.legend {
            let swatch = [(left, 31), (left + 10, 41)];
            self.area.draw(&Rectangle::new(swatch, colour.rgb().filled()))?;
            self.text(name, (left + 16, 36), HPos::Left, Colour::Muted)?;
            left += 16 + (name.chars().count() as f64 * LETTER) as i32 + 16;
        }
        Ok(())
    }

    /// The lines of the scale behind one row: none crosses a heading.
    fn lines(&self, scale: &Scale, (top, bottom): (i32, i32)) -> Drawn {
        for tick in scale.ticks() {
            let x = scale.place(tick, self.ends);
            let is_origin = (tick - scale.origin()).abs() < f64::EPSILON;
            let (colour, width) = if is_origin { (Colour::Muted, 2) } else { (Colour::Grid, 1) };
            let line = vec![(x, top), (x, bottom)];
            self.area.draw(&PathElement::new(line, colour.rgb().stroke_width(width)))?;
        }
        Ok(())
    }

    /// The figures of the scale, at the bottom.
    fn ticks(&self, scale: &Scale) -> Drawn {
        for tick in scale.ticks() {
            let at = (scale.place(tick, self.ends), self.bottom + 14);
            self.text(&short(tick), at, HPos::Center, Colour::Muted)?;
        }
        Ok(())
    }

    /// Two bars from the beginning of the scale, one above the other, with how far the rounds lie apart.
    fn bars(&self, scale: &Scale, marks: &[Mark], middle: i32) -> Drawn {
        const THICK: i32 = 7;
        let tops = (middle - THICK..).step_by(THICK as usize);
        for (mark, top) in marks.iter().zip(tops) {
            let [median, least, most] = self.places(scale, mark);
            let bar = [(self.ends.0, top), (median, top + THICK - 1)];
            self.area.draw(&Rectangle::new(bar, mark.colour.rgb().filled()))?;
            self.range((least, most), top + THICK / 2, Colour::Text, 1)?;
        }
        Ok(())
    }

    /// A dot at the median, and a line from the least to the most.
    fn dots(&self, scale: &Scale, marks: &[Mark], middle: i32) -> Drawn {
        for mark in marks {
            let [median, least, most] = self.places(scale, mark);
            self.range((least, most), middle, mark.colour, 2)?;
            self.area.draw(&Circle::new((median, middle), 5, mark.colour.rgb().filled()))?;
        }
        Ok(())
    }

    fn places(&self, scale: &Scale, mark: &Mark) -> [i32; 3] {
        let spread = mark.spread;
        [spread.median, spread.least, spread.most].map(|figure| scale.place(figure, self.ends))
    }

    fn range(&self, (least, most): (i32, i32), y: i32, colour: Colour, width: u32) -> Drawn {
        let line = vec![(least, y), (most, y)];
        self.area.draw(&PathElement::new(line, colour.rgb().stroke_width(width)))
    }

    fn text(&self, text: &str, at: (i32, i32), anchor: HPos, colour: Colour) -> Drawn {
        let style = ("sans-serif", SIZE).into_font().color(&colour.rgb());
        self.area.draw(&Text::new(text, at, style.pos(Pos::new(anchor, VPos::Center))))
    }

    fn bold(&self, text: &str, at: (i32, i32)) -> Drawn {
        let style = ("sans-serif", SIZE).into_font().style(FontStyle::Bold).color(&Colour::Text.rgb());
        self.area.draw(&Text::new(text, at, style.pos(Pos::new(HPos::Left, VPos::Center))))
    }
}

/// A figure of the scale: `0.25`, `8`, `5k`.
fn short(figure: f64) -> String {
    if figure >= 1e6 {
        format!("{}M", figure / 1e6)
    } else if figure >= 1e3 {
        format!("{}k", figure / 1e3)
    } else {
        // A hundredth is finer than any scale.
        format!("{}", (figure * 1e3).round() / 1e3)
    }
}
