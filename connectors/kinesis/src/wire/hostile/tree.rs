//! Answers as trees, mostly such as a service gives.

use fastrand::Rng;

/// A value of any format.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    /// A number as JSON writes it.
    Number(String),
    /// A point in time, in milliseconds.
    Time(u64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "-1",
    "1e3",
    "1.5",
    "1.700000000123E9",
    "1700000000.123",
    "1700000000123",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890123456789012345678901234567890",
    "1e308",
    "1e-400",
    "253402300799.9",
];

/// Makes an answer of GetRecords, or an event.
pub(super) fn reading(rng: &mut Rng) -> Tree {
    let records = (0..rng.usize(..6)).map(|_| record(rng)).collect();
    let mut fields = vec![field("Records", Tree::List(records))];
    if rng.bool() {
        fields.push(field("MillisBehindLatest", Tree::Number(rng.u32(..).to_string())));
    }
    match rng.u8(..4) {
        0 => fields.push(field("ContinuationSequenceNumber", digits(rng))),
        1 => {}
        _ => fields.push(field("NextShardIterator", text(rng))),
    }
    if rng.u8(..) < 40 {
        let children = (0..rng.usize(..3)).map(|_| child(rng)).collect();
        fields.push(field("ChildShards", Tree::List(children)));
    }
    disturb(Tree::Map(fields), rng)
}

/// Makes an answer of PutRecords.
pub(super) fn putting(rng: &mut Rng) -> Tree {
    let entries = (0..rng.usize(..6)).map(|_| entry(rng)).collect();
    let failed = field("FailedRecordCount", Tree::Number(rng.u8(..).to_string()));
    disturb(Tree::Map(vec![field("Records", Tree::List(entries)), failed]), rng)
}

fn record(rng: &mut Rng) -> Tree {
    let length = if rng.u8(..) == 0 { rng.usize(..40_000) } else { rng.usize(..40) };
    let mut fields = vec![
        field("Data", Tree::Bytes((0..length).map(|_| rng.u8(..)).collect())),
        field("PartitionKey", text(rng)),
        field("SequenceNumber", digits(rng)),
        field("ApproximateArrivalTimestamp", Tree::Time(1_700_000_000_000 + rng.u64(..100_000_000))),
    ];
    if rng.bool() {
        fields.push(field("EncryptionType", text(rng)));
    }
    Tree::Map(fields)
}

fn child(rng: &mut Rng) -> Tree {
    let range = vec![field("StartingHashKey", digits(rng)), field("EndingHashKey", digits(rng))];
    Tree::Map(vec![
        field("ShardId", text(rng)),
        field("ParentShards", Tree::List((0..rng.usize(..3)).map(|_| text(rng)).collect())),
        field("HashKeyRange", Tree::Map(range)),
    ])
}

fn entry(rng: &mut Rng) -> Tree {
    let code = ["ProvisionedThroughputExceededException", "InternalFailure", "KMSDisabledException"];
    Tree::Map(match rng.u8(..3) {
        0 => vec![
            field("ErrorCode", Tree::Text(code[rng.usize(..3)].into())),
            field("ErrorMessage", text(rng)),
        ],
        1 => vec![
            field("ErrorCode", Tree::Null),
            field("SequenceNumber", digits(rng)),
            field("ShardId", text(rng)),
        ],
        _ => vec![field("SequenceNumber", digits(rng)), field("ShardId", text(rng))],
    })
}

fn field(name: &str, value: Tree) -> (String, Tree) {
    (name.to_owned(), value)
}

fn digits(rng: &mut Rng) -> Tree {
    let length = if rng.u8(..) < 8 { rng.usize(..140) } else { rng.usize(1..57) };
    Tree::Text((0..length).map(|_| rng.digit(10)).collect())
}

/// A text with what wants an escape, and what has more than one byte.
fn text(rng: &mut Rng) -> Tree {
    let any = ['a', 'k', '7', '"', '\\', '/', '\n', '\0', '\u{7f}', 'é', '語', '🦀', '\u{2028}', ' '];
    let plain = rng.bool();
    let one = |rng: &mut Rng| if plain { rng.alphanumeric() } else { any[rng.usize(..any.len())] };
    Tree::Text((0..rng.usize(..20)).map(|_| one(rng)).collect())
}

/// Anything, so deep at most.
fn anything(rng: &mut Rng, depth: usize) -> Tree {
    match rng.u8(..if depth == 0 { 6 } else { 8 }) {
        0 => Tree::Null,
        1 => Tree::Bool(rng.bool()),
        2 => Tree::Number(NUMBERS[rng.usize(..NUMBERS.len())].into()),
        3 => Tree::Time(rng.u64(..300_000_000_000_000)),
        4 => text(rng),
        5 => Tree::Bytes((0..rng.usize(..9)).map(|_| rng.u8(..)).collect()),
        6 => Tree::List((0..rng.usize(..3)).map(|_| anything(rng, depth - 1)).collect()),
        _ => Tree::Map((0..rng.usize(..3)).map(|_| (name(rng), anything(rng, depth - 1))).collect()),
    }
}

fn nested(rng: &mut Rng) -> Tree {
    let deep = (0..rng.usize(..100)).fold(anything(rng, 2), |tree, level| {
        if level % 2 == 0 { Tree::List(vec![tree]) } else { Tree::Map(vec![(String::new(), tree)]) }
    });
    if rng.bool() { deep } else { anything(rng, 5) }
}

fn name(rng: &mut Rng) -> String {
    const NAMES: [&str; 8] =
        ["Data", "Records", "SequenceNumber", "PartitionKey", "Later", "", "ShardId", "data"];
    NAMES[rng.usize(..NAMES.len())].to_owned()
}

/// Shuffles the fields of all maps, and now and then adds one, leaves one out, has one twice, or makes it something else.
fn disturb(tree: Tree, rng: &mut Rng) -> Tree {
    match tree {
        Tree::List(items) => Tree::List(items.into_iter().map(|item| disturb(item, rng)).collect()),
        Tree::Map(fields) => {
            let mut fields: Vec<_> =
                fields.into_iter().map(|(name, value)| (name, disturb(value, rng))).collect();
            let place = rng.usize(..fields.len());
            match rng.u8(..100) {
                0 => drop(fields.remove(place)),
                1 => fields.push(fields[place].clone()),
                2 => fields[place].1 = anything(rng, 3),
                3..15 => fields.push((name(rng) + "New", nested(rng))),
                15 => fields.push((name(rng), anything(rng, 2))),
                _ => {}
            }
            rng.shuffle(&mut fields);
            Tree::Map(fields)
        }
        leaf => leaf,
    }
}
