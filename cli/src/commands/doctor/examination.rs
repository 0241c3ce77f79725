//! The checks, one after the other.

use std::time::Duration;

use aws_sdk_kinesis::types::{Shard, StreamDescriptionSummary, StreamStatus};

use crate::codec::CodecName;
use crate::commands::doctor::check::{Check, Verdict};
use crate::commands::doctor::patient::Patient;
use crate::commands::doctor::report::Report;
use crate::commands::doctor::{DoctorArgs, access, checkpoints, consumers, identity, records, stream};
use crate::connection::Connection;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::globals::Globals;
use crate::stream_api::is_open;

/// The checks under way.
pub(crate) struct Examination<'a> {
    args: &'a DoctorArgs,
    connection: Connection,
    patient: Patient,
    report: Report,
}

impl<'a> Examination<'a> {
    /// Checks everything, as far as one thing allows the next.
    pub(crate) async fn begin(args: &'a DoctorArgs, globals: &Globals) -> Result<Exit, Failure> {
        let connection = Connection::load(globals).await;
        let patient = Patient::new(&connection, args.stream.clone());
        let mut examination = Self { args, connection, patient, report: Report::new(args.output) };
        examination.all().await?;
        Ok(examination.report.exit())
    }

    async fn all(&mut self) -> Result<(), Failure> {
        let place = identity::place(self.connection.config(), self.args.stream.region());
        self.report.add(&place)?;
        let (credentials, found) = identity::credentials(self.connection.config()).await;
        self.report.add(&credentials)?;
        if place.verdict == Verdict::Ok && found.is_some() {
            self.report.add(&identity::caller(&self.connection).await)?;
            self.stream().await?;
            self.report.add(&self.patient.clock.check())
        } else {
            self.report.add(&Check::not_checked("everything else", "nothing can be asked without these"))
        }
    }

    async fn stream(&mut self) -> Result<(), Failure> {
        const DESCRIBE: &str = "kinesis:DescribeStreamSummary";
        const LIST: &str = "kinesis:ListShards";
        let named = format!("stream {}", self.args.stream);
        let summary = match self.patient.describe().await {
            Ok(summary) => summary,
            Err(refusal) => return self.report.add(&refusal.of_action(DESCRIBE, &named)),
        };
        self.summary(&summary).await?;
        if matches!(summary.stream_status, StreamStatus::Creating | StreamStatus::Deleting) {
            return self.report.add(&Check::not_checked("everything else", "the stream is not ACTIVE"));
        }
        match self.patient.shards().await {
            Ok(shards) => self.shards(&summary, &shards).await,
            Err(refusal) => self.report.add(&refusal.of_action(LIST, &summary.stream_arn)),
        }
    }

    async fn summary(&mut self, summary: &StreamDescriptionSummary) -> Result<(), Failure> {
        let signed_for = self.connection.config().region().map(AsRef::as_ref);
        self.report.add(&stream::state(summary))?;
        self.report.add_all(stream::region(summary, signed_for))?;
        self.report.add(&stream::encryption(summary, self.args.mode.reads(), self.args.mode.writes()))?;
        self.report.add(&stream::rates(summary))?;
        self.report.add(&stream::quotas(&self.patient, summary).await)
    }

    async fn shards(&mut self, summary: &StreamDescriptionSummary, shards: &[Shard]) -> Result<(), Failure> {
        let (args, patient, arn) = (self.args, &self.patient, &summary.stream_arn);
        let open = shards.iter().filter(|shard| is_open(shard)).count();
        let told = format!("allowed: {}, {open} open", counted(shards.len() as u64, "shard"));
        self.report.add(&Check::ok("kinesis:ListShards", told))?;
        if args.mode.reads() {
            let checks = access::read(patient, shards, arn).await;
            let reads = checks.iter().all(|check| check.verdict == Verdict::Ok);
            self.report.add_all(checks)?;
            if reads {
                self.report.add(&records::sample(patient, shards, args.codec).await)?;
            }
            for name in &args.fan_out {
                self.report.add_all(consumers::named(patient, arn, name, shards).await)?;
            }
        }
        if args.mode.writes() {
            let codec = args.codec.unwrap_or(CodecName::String);
            self.report.add(&if args.write_probe {
                access::probe(patient, codec, arn).await
            } else {
                access::write(patient, arn).await
            })?;
        }
        self.report.add_all(consumers::left(patient, arn, &args.fan_out).await)?;
        let retention = Duration::from_hours(u64::from(summary.retention_period_hours.unsigned_abs()));
        self.report.add_all(checkpoints::check(args, &self.connection, patient, shards, retention).await?)
    }
}
