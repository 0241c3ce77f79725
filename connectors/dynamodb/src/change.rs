//! A conditional change of one item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::Item;

/// An update of one item: attributes that are not named in it stay as they are, whoever wrote them.
///
/// Names go in by placeholders, because DynamoDB reserves some hundred words.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) key: Item,
    sets: Vec<String>,
    removes: Vec<String>,
    adds: Vec<String>,
    conditions: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: HashMap<String, AttributeValue>,
}

impl Change {
    pub(crate) fn of(table: &str, key: Item) -> Self {
        Self {
            table: table.to_owned(),
            key,
            sets: Vec::new(),
            removes: Vec::new(),
            adds: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        let set = format!("{} = {}", self.name(name), self.value(value));
        self.sets.push(set);
        self
    }

    /// Sets an attribute that is absent, and leaves any other.
    pub(crate) fn set_if_absent(mut self, name: &str, value: AttributeValue) -> Self {
        let (name, value) = (self.name(name), self.value(value));
        self.sets.push(format!("{name} = if_not_exists({name}, {value})"));
        self
    }

    /// Sets an attribute, or removes it where there is no value.
    pub(crate) fn put(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.removes.push(name);
        self
    }

    /// Adds 1 to a number; one that is absent counts as 0.
    pub(crate) fn increment(mut self, name: &str) -> Self {
        let add = format!("{} {}", self.name(name), self.value(AttributeValue::N("1".into())));
        self.adds.push(add);
        self
    }

    /// Makes the change only if the attribute has this value, or is absent where there is none.
    pub(crate) fn when(mut self, name: &str, value: Option<AttributeValue>) -> Self {
        let condition = self.condition(name, value);
        self.conditions.push(condition);
        self
    }

    /// Makes the change only if all attributes of one of the alternatives are as given.
    pub(crate) fn when_either(mut self, alternatives: [Vec<(&str, Option<AttributeValue>)>; 2]) -> Self {
        let alternatives = alternatives.map(|all| {
            let all: Vec<_> = all.into_iter().map(|(name, value)| self.condition(name, value)).collect();
            format!("({})", all.join(" AND "))
        });
        self.conditions.push(format!("({})", alternatives.join(" OR ")));
        self
    }

    pub(crate) fn update_expression(&self) -> String {
        let clauses = [("SET", &self.sets), ("REMOVE", &self.removes), ("ADD", &self.adds)];
        let written = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let written: Vec<_> =
            written.map(|(clause, parts)| format!("{clause} {}", parts.join(", "))).collect();
        written.join(" ")
    }

    pub(crate) fn condition_expression(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    fn condition(&mut self, name: &str, value: Option<AttributeValue>) -> String {
        let name = self.name(name);
        match value {
            Some(value) => format!("{name} = {}", self.value(value)),
            None => format!("attribute_not_exists({name})"),
        }
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{number, text};

    #[test]
    fn a_change_reads_as_dynamodb_wants_it() {
        let change = Change::of("t", Item::new())
            .set("a", number(1))
            .set_if_absent("b", text("x"))
            .remove("c")
            .put("d", None)
            .increment("e")
            .when("a", Some(number(0)))
            .when_either([vec![("f", Some(text("me"))), ("g", None)], vec![("g", Some(text("me")))]]);
        let update = "SET #a = :0, #b = if_not_exists(#b, :1) REMOVE #c, #d ADD #e :2";
        assert_eq!(change.update_expression(), update);
        let condition = "#a = :3 AND ((#f = :4 AND attribute_not_exists(#g)) OR (#g = :5))";
        assert_eq!(change.condition_expression().as_deref(), Some(condition));
        assert_eq!((change.names.len(), change.values.len()), (7, 6));
    }
}
