//! The processors that are measured.

use std::sync::Arc;

use headwater::codec::Framing;
use headwater_kinesis::codec;

use crate::format::Format;
use crate::order::Order;

/// A serializer with a framing, by the name of its preset.
///
/// ```
/// use headwater_benches::Processor;
///
/// let names = Processor::ALL.map(Processor::name);
/// assert!(names.contains(&"json_lines") && names.contains(&"kpl_string"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processor {
    /// Bytes as they are, one message per record.
    Bytes,
    /// UTF-8 text, one message per record.
    String,
    /// JSON, one message per record.
    Json,
    /// JSON, a message per line.
    JsonLines,
    /// JSON, a message per line, compressed.
    JsonLinesZstd,
    /// JSON, a message per line, compressed.
    JsonLinesLz4,
    /// JSON, a message per line, compressed.
    JsonLinesGzip,
    /// JSON, an array of messages.
    JsonList,
    /// MessagePack in netstrings.
    Msgpack,
    /// UTF-8 text as JSON, a message per line: what short messages go as.
    TextLines,
    /// UTF-8 text in KPL aggregates.
    KplString,
    /// JSON in KPL aggregates.
    KplJson,
}

impl Processor {
    /// All that have a preset, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Bytes,
        Self::String,
        Self::Json,
        Self::JsonLines,
        Self::JsonLinesZstd,
        Self::JsonLinesLz4,
        Self::JsonLinesGzip,
        Self::JsonList,
        Self::Msgpack,
        Self::KplString,
        Self::KplJson,
    ];

    /// Returns the name of the preset.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::String => "string",
            Self::Json => "json",
            Self::JsonLines => "json_lines",
            Self::JsonLinesZstd => "json_lines_zstd",
            Self::JsonLinesLz4 => "json_lines_lz4",
            Self::JsonLinesGzip => "json_lines_gzip",
            Self::JsonList => "json_list",
            Self::Msgpack => "msgpack",
            Self::TextLines => "text_lines",
            Self::KplString => "kpl_string",
            Self::KplJson => "kpl_json",
        }
    }

    /// Returns how one message becomes bytes.
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Bytes => Format::Bytes,
            Self::String | Self::KplString => Format::Text,
            Self::TextLines => Format::JsonText,
            Self::Json
            | Self::JsonLines
            | Self::JsonLinesZstd
            | Self::JsonLinesLz4
            | Self::JsonLinesGzip
            | Self::JsonList
            | Self::KplJson => Format::Json,
            Self::Msgpack => Format::MessagePack,
        }
    }

    /// Returns how several messages share one record.
    pub(crate) fn framing(self) -> Arc<dyn Framing> {
        match self {
            Self::Bytes => codec::bytes().into_parts().0,
            Self::String => codec::string().into_parts().0,
            Self::Json => codec::json::<Order>().into_parts().0,
            Self::JsonLines => codec::json_lines::<Order>().into_parts().0,
            Self::JsonLinesZstd => codec::json_lines::<Order>().zstd().into_parts().0,
            Self::JsonLinesLz4 => codec::json_lines::<Order>().lz4().into_parts().0,
            Self::JsonLinesGzip => codec::json_lines::<Order>().gzip().into_parts().0,
            Self::TextLines => codec::json_lines::<String>().into_parts().0,
            Self::JsonList => codec::json_list::<Order>().into_parts().0,
            Self::Msgpack => codec::msgpack::<Order>().into_parts().0,
            Self::KplString => codec::kpl_string().into_parts().0,
            Self::KplJson => codec::kpl_json::<Order>().into_parts().0,
        }
    }
}
