//! The builder methods that sources and sinks have in common: how to reach their stream.

/// Writes them into the `impl` of a builder that has a field `connection`.
macro_rules! connection_settings {
    () => {
        /// Sets the AWS region. Default: the SDK's own chain, then the region of the stream's ARN.
        pub fn region(mut self, region: impl Into<String>) -> Self {
            self.connection.region = Some(region.into());
            self
        }

        /// Chooses a profile of the shared configuration files. Default: `AWS_PROFILE`, then `default`.
        pub fn profile(mut self, profile: impl Into<String>) -> Self {
            self.connection.profile = Some(profile.into());
            self
        }

        /// Sets the endpoint. Default: `AWS_ENDPOINT_URL_KINESIS`, then `AWS_ENDPOINT_URL`, then AWS.
        pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
            self.connection.endpoint_url = Some(url.into());
            self
        }

        /// Assumes an IAM role, by AssumeRole of the Security Token Service (STS), and makes every call as that role.
        /// Default: none is assumed, beyond what a profile says.
        ///
        /// The credentials that assume it are those that would be used otherwise: of the SDK's own chain, the
        /// [`profile`](Self::profile) or the [`sdk_config`](Self::sdk_config). An SDK [`client`](Self::client) gives
        /// its own to nobody, so that the two settings exclude each other. The session has the name `headwater` and
        /// lives for an hour; a new one is opened before it ends.
        ///
        /// STS is called in the region of the stream, at AWS or where `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL` or the
        /// SDK configuration say; [`endpoint_url`](Self::endpoint_url) is for Kinesis alone.
        ///
        /// Source: [AssumeRole](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
        ///
        /// # Errors
        ///
        /// `connect` fails with `Invalid` where this is no ARN of a role, and with `AccessDenied`, naming the role,
        /// where it is not granted.
        ///
        /// # Example
        ///
        /// ```
        /// # use headwater::ErrorKind;
        /// use headwater_kinesis::KinesisSink;
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() {
        /// let sink = KinesisSink::builder("orders").assume_role("arn:aws:iam::123456789012:role/orders-writer");
        /// # drop(sink);
        ///
        /// // A name is not enough: it does not tell the account.
        /// let sink = KinesisSink::builder("orders").assume_role("orders-writer");
        /// let error = sink.connect().await.unwrap_err();
        /// assert_eq!(error.kind(), ErrorKind::Invalid);
        /// assert!(error.to_string().starts_with("assume_role = \"orders-writer\": "));
        /// # }
        /// ```
        pub fn assume_role(mut self, role_arn: impl Into<String>) -> Self {
            self.connection.role = Some(role_arn.into());
            self
        }

        /// Sets the external id that the role to be [assumed](Self::assume_role) asks for, 2 to 1,224 characters.
        /// Default: none.
        ///
        /// # Example
        ///
        /// ```
        /// use headwater_kinesis::KinesisSink;
        ///
        /// let sink = KinesisSink::builder("orders")
        ///     .assume_role("arn:aws:iam::123456789012:role/orders-writer")
        ///     .external_id("tenant-7");
        /// # drop(sink);
        /// ```
        pub fn external_id(mut self, id: impl Into<String>) -> Self {
            self.connection.external_id = Some(id.into());
            self
        }

        /// Uses an SDK configuration: its region, credentials, endpoint and HTTP client. Its retries and timeouts
        /// are replaced by this crate's.
        pub fn sdk_config(mut self, config: aws_config::SdkConfig) -> Self {
            self.connection.sdk_config = Some(config);
            self
        }

        /// Uses the configuration of an SDK client, as [`sdk_config`](Self::sdk_config) does.
        pub fn client(mut self, client: aws_sdk_kinesis::Client) -> Self {
            self.connection.client = Some(client);
            self
        }

        /// Sets how long a connection may take to open. Default: 3 s.
        pub fn connect_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.connection.connect_timeout = timeout;
            self
        }

        /// Sets how long one attempt of a call may take. Default: 10 s.
        pub fn attempt_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.connection.attempt_timeout = timeout;
            self
        }

        /// Creates the stream with this many shards, 1 or more, unless it exists. Default: a stream that does not
        /// exist is an error. Of this and [`create_stream_on_demand`](Self::create_stream_on_demand) the last wins.
        pub fn create_stream(mut self, shards: u32) -> Self {
            self.connection.create = Some(crate::api::NewStream::Provisioned { shards });
            self
        }

        /// Creates the stream in on-demand mode, where Kinesis chooses and changes the number of shards, unless it
        /// exists, in whichever mode. Default: a stream that does not exist is an error. Of this and
        /// [`create_stream`](Self::create_stream) the last wins.
        ///
        /// Source: [CreateStream](https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html).
        ///
        /// # Example
        ///
        /// ```
        /// use headwater_kinesis::{KinesisSink, KinesisSource};
        /// # use headwater_local::LocalKinesis;
        ///
        /// # #[tokio::main(flavor = "current_thread")]
        /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
        /// # let local = LocalKinesis::new();
        /// # let (reader, writer) = (local.client(), local.client());
        /// let sink = KinesisSink::builder("orders").create_stream_on_demand();
        /// # let sink = sink.client(writer);
        /// let sink = sink.connect().await?;
        ///
        /// // Whoever comes second finds it.
        /// let source = KinesisSource::builder("orders").create_stream_on_demand();
        /// # let source = source.client(reader);
        /// let source = source.connect().await?;
        /// # assert_eq!(local.stream_names(), ["orders"]);
        /// # drop((sink, source));
        /// # Ok(())
        /// # }
        /// ```
        pub fn create_stream_on_demand(mut self) -> Self {
            self.connection.create = Some(crate::api::NewStream::OnDemand);
            self
        }

        /// Chooses how records are written and read. Default: what the environment variable `HEADWATER_WIRE` says,
        /// `json`, `cbor` or `sdk`, and [`Wire::Json`](crate::Wire::Json) without one.
        pub fn wire(mut self, wire: crate::Wire) -> Self {
            self.connection.wire = Some(wire);
            self
        }

        /// Sets how long a stream that is CREATING is waited for. Default: 60 s.
        pub fn active_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.connection.active_timeout = timeout;
            self
        }
    };
}

pub(crate) use connection_settings;
