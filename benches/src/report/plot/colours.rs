//! The colours of the pictures on paper. The page puts others in their place where it is dark.

use plotters::style::RGBColor;

/// What a colour stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// Headwater, and what is cheaper with it
    Headwater,
    /// The bare loop
    Sdk,
    /// What is dearer with Headwater
    Dearer,
    /// Names and headings
    Text,
    /// Figures on the scale
    Muted,
    /// The lines of the scale
    Grid,
}

impl Colour {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Headwater, Self::Sdk, Self::Dearer, Self::Text, Self::Muted, Self::Grid];

    /// Its red, green and blue.
    pub(super) fn rgb(self) -> RGBColor {
        match self {
            Self::Headwater => RGBColor(0x0b, 0x72, 0x85),
            Self::Sdk => RGBColor(0xad, 0xb5, 0xbd),
            Self::Dearer => RGBColor(0xc2, 0x41, 0x0c),
            Self::Text => RGBColor(0x1f, 0x23, 0x28),
            Self::Muted => RGBColor(0x5f, 0x68, 0x74),
            Self::Grid => RGBColor(0xe1, 0xe4, 0xe8),
        }
    }

    /// The variable of the page that stands for it.
    pub(super) fn variable(self) -> &'static str {
        match self {
            Self::Headwater => "--headwater",
            Self::Sdk => "--sdk",
            Self::Dearer => "--dearer",
            Self::Text => "--text",
            Self::Muted => "--muted",
            Self::Grid => "--line",
        }
    }
}

/// Returns the rules by which a page shows pictures in its own colours.
pub(in crate::report) fn rules() -> String {
    let rule = |colour: Colour| {
        let (RGBColor(red, green, blue), variable) = (colour.rgb(), colour.variable());
        let written = format!("{red:02X}{green:02X}{blue:02X}");
        format!(
            "svg [fill=\"#{written}\"] {{ fill: var({variable}); }}\n\
             svg [stroke=\"#{written}\"] {{ stroke: var({variable}); }}\n"
        )
    };
    Colour::ALL.into_iter().map(rule).collect()
}
