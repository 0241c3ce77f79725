use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{after, application, group, shard, store_positions, time};
use crate::checkpoint::{
    Application, ApplicationStart, Checkpoint, CheckpointStore, MemoryCheckpoints, WorkerId,
};
use crate::group::Export;
use crate::{ErrorKind, Position};

/// Every kind of position, as it is written.
const WHOLE: &str = r#"{
  "version": 1,
  "application": "billing",
  "stream": "orders",
  "start": {
    "at": "2025-07-20T08:26:40.005Z",
    "shards": [
      "shardId-000000000000",
      "shardId-000000000001"
    ]
  },
  "checkpoints": [
    {
      "shard": "shardId-000000000000",
      "position": "beginning"
    },
    {
      "shard": "shardId-000000000001",
      "position": {
        "at": "2025-07-20T08:26:40.123Z"
      }
    },
    {
      "shard": "shardId-000000000002",
      "position": "latest"
    },
    {
      "shard": "shardId-000000000003",
      "position": {
        "after": {
          "sequence": "49590338271490256608559692538361571095921575989136588898"
        }
      },
      "arrival": "2025-07-20T08:26:40.124Z"
    },
    {
      "shard": "shardId-000000000004",
      "position": {
        "after": {
          "sequence": "7",
          "sub_sequence": 3
        }
      }
    },
    {
      "shard": "shardId-000000000005",
      "position": "end"
    }
  ]
}"#;

fn whole() -> Export {
    let sequence = "49590338271490256608559692538361571095921575989136588898".into();
    let arrival = Some(time(124));
    let checkpoints: [Checkpoint; 6] = [
        Position::Beginning.into(),
        Position::At(time(123)).into(),
        Position::Latest.into(),
        Checkpoint { position: Position::After { sequence, sub_sequence: None }, arrival },
        Position::After { sequence: "7".into(), sub_sequence: Some(3) }.into(),
        Position::End.into(),
    ];
    Export {
        application: application(),
        start: Some(ApplicationStart { at: time(5), shards: vec![shard(0), shard(1)] }),
        checkpoints: checkpoints.into_iter().enumerate().map(|(n, c)| (shard(n), c)).collect(),
    }
}

#[test]
fn an_export_is_written_for_people_and_read_as_it_was() {
    assert_eq!(whole().to_json().unwrap(), WHOLE);
    assert_eq!(Export::from_json(WHOLE).unwrap(), whole());
    let compact = serde_json::to_string(&whole()).unwrap();
    assert_eq!(serde_json::from_str::<Export>(&compact).unwrap(), whole());
}

#[test]
fn what_is_not_known_is_left_out() {
    let json = r#"{"version":1,"application":"billing","stream":"orders","checkpoints":[]}"#;
    let empty = Export { application: application(), start: None, checkpoints: BTreeMap::new() };
    assert_eq!(Export::from_json(json).unwrap(), empty);
    assert_eq!(serde_json::to_string(&empty).unwrap(), json);
    let null = json.replace(r#""checkpoints""#, r#""start":null,"checkpoints""#);
    assert_eq!(Export::from_json(&null).unwrap(), empty);
}

#[test]
fn json_that_is_wrong_is_refused_with_the_field_and_its_place() {
    for (right, wrong, why) in [
        (r#""version": 1"#, r#""version": 2"#, "version: 2 is not known; this program reads version 1"),
        (r#""version": 1"#, r#""version": "1""#, "version: invalid type: string \"1\""),
        (r#""version": 1,"#, "", "missing field `version`"),
        (r#""version": 1"#, r#""version": 1, "owner": "x""#, "owner: unknown field `owner`"),
        (r#""billing""#, r#""""#, "application: a name is needed"),
        (r#""orders""#, "7", "stream: invalid type: integer `7`, expected a string"),
        ("05Z", "05", "start.at: \"2025-07-20T08:26:40.005\" is no time as "),
        (r#""at": "2025-07-20T08:26:40.005Z","#, "", "start: missing field `at`"),
        (r#""beginning""#, r#""beginnings""#, "checkpoints[0].position"),
        (r#""beginning""#, r#"{"after": "7"}"#, "checkpoints[0].position.after: invalid type: string \"7\""),
        (r#""beginning""#, "{}", "checkpoints[0].position: "),
        (
            "40.123Z",
            "40.123 o'clock",
            "checkpoints[1].position.at: \"2025-07-20T08:26:40.123 o'clock\" is no",
        ),
        (r#""latest""#, "null", "checkpoints[2].position: expected value"),
        ("588898\"", "588898.0\"", "checkpoints[3].position.after.sequence: \"49590338271490256608"),
        (r#""sequence": "7""#, r#""sequence": 7"#, "checkpoints[4].position.after.sequence: invalid type"),
        (
            r#""sequence": "7""#,
            r#""sequence": """#,
            "checkpoints[4].position.after.sequence: \"\" is no number",
        ),
        (
            r#""sub_sequence": 3"#,
            r#""sub_sequence": -3"#,
            "checkpoints[4].position.after.sub_sequence: invalid",
        ),
        (r#""sub_sequence""#, r#""sub""#, "checkpoints[4].position.after.sub: unknown field `sub`"),
        ("-000000000005", "-000000000004", "checkpoints[5].shard: \"shardId-000000000004\" is there twice"),
        (
            r#""position": "end""#,
            r#""position": "end", "owner": null"#,
            "checkpoints[5].owner: unknown field",
        ),
        ("\n}", "\n} }", "trailing characters"),
        ("\n}", "", "EOF while parsing"),
    ] {
        assert!(WHOLE.contains(right), "{right} is there to be spoilt");
        let error = Export::from_json(&WHOLE.replacen(right, wrong, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let begin = format!("read an export: {why}");
        assert!(error.to_string().starts_with(&begin), "{error} begins with {begin}");
    }
}

#[test]
fn a_time_that_rfc_3339_has_no_year_for_is_not_written() {
    let far = time(0) + Duration::from_hours(24 * 366 * 9_000);
    let mut export = whole();
    export.checkpoints.insert(shard(9), Position::At(far).into());
    let error = export.to_json().unwrap_err();
    assert_eq!(error.to_string(), "write an export: a year has four digits");
}

#[tokio::test]
async fn a_group_is_exported_as_it_is_stored() {
    let store = MemoryCheckpoints::new();
    assert_eq!(group(&store).export().await.unwrap().checkpoints, BTreeMap::new(), "it never ran");
    store_positions(&store, &[after(50), Position::End]).await;
    let start = ApplicationStart { at: time(5), shards: vec![shard(0)] };
    store.start(&application(), start.clone()).await.unwrap();
    store.announce(&application(), &WorkerId::new("worker"), 1).await.unwrap();

    let export = group(&store).export().await.unwrap();
    let checkpoints = [(shard(0), after(50).into()), (shard(1), Position::End.into())].into();
    assert_eq!(export, Export { application: application(), start: Some(start), checkpoints });
}

fn any_position() -> impl Strategy<Value = Position> {
    let sequence = "[0-9]{1,129}";
    prop_oneof![
        Just(Position::Beginning),
        (0_u64..10_u64.pow(12)).prop_map(|millis| Position::At(time(millis))),
        Just(Position::Latest),
        (sequence, any::<Option<u64>>())
            .prop_map(|(sequence, sub_sequence)| Position::After { sequence: sequence.into(), sub_sequence }),
        Just(Position::End),
    ]
}

proptest! {
    #[test]
    fn whatever_is_exported_is_read_as_it_was(
        names in (".{1,20}", ".{1,20}"),
        rows in prop::collection::btree_map(".{1,20}", (any_position(), any::<Option<u32>>()), 0..8),
    ) {
        let checkpoints = rows.into_iter().map(|(shard, (position, arrival))| {
            let arrival = arrival.map(|millis| time(millis.into()));
            (shard.as_str().into(), Checkpoint { position, arrival })
        });
        let application = Application::new(names.0, names.1);
        let export = Export { application, start: None, checkpoints: checkpoints.collect() };
        let json = export.to_json().unwrap();
        prop_assert_eq!(&Export::from_json(&json).unwrap(), &export);
    }

    #[test]
    fn no_text_makes_the_reader_panic(spoilt in 0..WHOLE.len(), with in any::<u8>()) {
        let mut json = WHOLE.as_bytes().to_vec();
        json[spoilt] = with;
        if let Ok(export) = Export::from_json(&String::from_utf8_lossy(&json)) {
            prop_assert!(export.to_json().is_ok());
        }
    }
}
