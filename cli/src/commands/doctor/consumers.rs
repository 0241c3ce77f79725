//! The consumers of enhanced fan-out: those that were named, and those that were left.

use aws_sdk_kinesis::types::{Consumer, ConsumerStatus, Shard, ShardIteratorType, StartingPosition};

use crate::commands::doctor::check::Check;
use crate::commands::doctor::patient::Patient;
use crate::commands::doctor::refusal::{Refusal, Why};

/// How many consumers a stream may have.
/// Source: [RegisterStreamConsumer](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html).
const MOST: usize = 20;

/// Tells of the consumers that nobody named, and of how many more there may be.
pub(crate) async fn left(patient: &Patient, stream_arn: &str, named: &[String]) -> Vec<Check> {
    const NAME: &str = "consumers";
    let consumers = match list(patient, stream_arn).await {
        Ok(consumers) => consumers,
        Err(refusal) => return vec![refusal.of_look(NAME, "kinesis:ListStreamConsumers")],
    };
    let strangers = consumers.iter().filter(|consumer| !named.contains(&consumer.consumer_name));
    let mut checks: Vec<Check> = strangers.map(stranger).collect();
    let told = format!("{} of {MOST} are registered", consumers.len());
    checks.push(if consumers.len() >= MOST {
        Check::finding(NAME, told, "deregister those that nobody reads by: no more can be registered")
    } else {
        Check::ok(NAME, told)
    });
    checks
}

fn stranger(consumer: &Consumer) -> Check {
    let Consumer { consumer_name, consumer_arn, consumer_creation_timestamp, consumer_status, .. } = consumer;
    Check::finding(
        format!("consumer {consumer_name}"),
        format!(
            "it is {consumer_status} since {consumer_creation_timestamp}, paid for by the hour, and nobody named it"
        ),
        format!(
            "say --fan-out {consumer_name} if somebody reads by it, else: aws kinesis deregister-stream-consumer \
             --consumer-arn {consumer_arn}"
        ),
    )
}

async fn list(patient: &Patient, stream_arn: &str) -> Result<Vec<Consumer>, Refusal> {
    let mut consumers = Vec::new();
    let mut next = None;
    loop {
        let call = patient.client.list_stream_consumers().stream_arn(stream_arn);
        let page = call.set_next_token(next).send().await?;
        consumers.extend(page.consumers.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(consumers);
        }
    }
}

/// Tells of a consumer that is to be read by.
pub(crate) async fn named(patient: &Patient, stream_arn: &str, name: &str, shards: &[Shard]) -> Vec<Check> {
    const DESCRIBE: &str = "kinesis:DescribeStreamConsumer";
    let resource = format!("{stream_arn}/consumer/*");
    let call = patient.client.describe_stream_consumer().stream_arn(stream_arn).consumer_name(name);
    let described = call.send().await.map_err(Refusal::from);
    let consumer = match described {
        Ok(answer) => answer.consumer_description,
        Err(refusal) if refusal.why == Why::NotFound => None,
        Err(refusal) => return vec![refusal.of_action(DESCRIBE, &resource)],
    };
    let mut checks = vec![Check::ok(DESCRIBE, "allowed")];
    let subject = format!("consumer {name}");
    match consumer {
        None => {
            checks.push(Check::not_checked(
                "kinesis:RegisterStreamConsumer",
                format!("{name} is not registered yet, and whether it may be shows only when it is"),
            ));
        }
        Some(consumer) if consumer.consumer_status == ConsumerStatus::Active => {
            checks.push(Check::ok(subject, "it is ACTIVE"));
            checks.extend(subscribe(patient, &consumer.consumer_arn, shards, &resource).await);
        }
        Some(consumer) => checks.push(Check::finding(
            subject,
            format!("it is {}", consumer.consumer_status),
            "wait until it is ACTIVE; a source does",
        )),
    }
    checks
}

/// Asks whether a subscription would be given, and takes none.
async fn subscribe(patient: &Patient, consumer: &str, shards: &[Shard], resource: &str) -> Option<Check> {
    const ACTION: &str = "kinesis:SubscribeToShard";
    let position = StartingPosition::builder().r#type(ShardIteratorType::Latest).build().ok()?;
    let call = patient.client.subscribe_to_shard().consumer_arn(consumer).shard_id(&shards.last()?.shard_id);
    Some(match call.starting_position(position).dry_run(true).send().await.map_err(Refusal::from) {
        Ok(_) => Check::ok(ACTION, "allowed"),
        Err(refusal) if refusal.told.starts_with("DryRunOperation") => {
            Check::ok(ACTION, "allowed, as a dry run says")
        }
        Err(refusal) if refusal.told.starts_with("ResourceInUse") => Check::ok(ACTION, "allowed, and in use"),
        Err(refusal) => refusal.of_action(ACTION, resource),
    })
}
