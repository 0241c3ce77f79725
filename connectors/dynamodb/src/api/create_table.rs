//! [CreateTable](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html).

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription,
};
use headwater::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::error::from_sdk;

/// The names of a table's keys, which are strings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema {
    pub(crate) hash: &'static str,
    pub(crate) range: Option<&'static str>,
}

impl Schema {
    fn keys(self) -> impl Iterator<Item = (&'static str, KeyType)> {
        let range = self.range.map(|range| (range, KeyType::Range));
        [(self.hash, KeyType::Hash)].into_iter().chain(range)
    }

    /// Refuses a table that has other keys.
    pub(crate) fn check(self, context: String, described: &TableDescription) -> Result<()> {
        let wanted: Vec<(&str, KeyType)> = self.keys().collect();
        let found = described.key_schema().iter().map(|key| (key.attribute_name(), key.key_type().clone()));
        if found.eq(wanted) {
            return Ok(());
        }
        let keys: Vec<_> = self.keys().map(|(name, _)| name).collect();
        let why =
            format!("its keys are not {}: it is another program's, choose another name", keys.join(" and "));
        Err(Error::new(ErrorKind::Invalid, context).caused_by(why))
    }
}

impl Api {
    /// Makes a table that is paid by request and never forgets, unless there is one.
    pub(crate) async fn create_table(&self, table: &str, schema: Schema) -> Result<()> {
        let context = || self.context("create", table);
        let invalid = |error| Error::new(ErrorKind::Invalid, context()).caused_by(error);
        let mut request = self.client.create_table().table_name(table);
        for (name, kind) in schema.keys() {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build().map_err(invalid)?;
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
            request = request.attribute_definitions(attribute).key_schema(key.map_err(invalid)?);
        }
        let request = request.billing_mode(BillingMode::PayPerRequest);
        let created = self.persist(|| async {
            let sent = request.clone().send().await;
            sent.map_err(|error| from_sdk(context(), "CreateTable", &error))
        });
        match created.await {
            // Somebody was first: that it exists is all that was asked for.
            Err(error) if error.kind() == ErrorKind::NotReady => Ok(()),
            answer => answer.map(drop),
        }
    }
}
