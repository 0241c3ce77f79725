//! An expression that runs on one value after the other.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::{Fun, run, v};
use jaq_core::{Compiler, Ctx, Exn, Filter, Vars};
use jaq_json::{Error, Val, read};

use crate::commands::relay::jq::complaint;
use crate::json;

/// The most outputs of one input, so that `repeat(.)` fills no memory.
const MOST_OUTPUTS: usize = 100_000;
/// How much of a complaint is told: jq puts whole values into them.
const LONGEST_REASON: usize = 500;
/// What the environment holds is for no stream: credentials, for one. JSON in a text may be deeper than the stack.
const LEFT_OUT: [&str; 2] = ["env", "fromjson"];

/// An expression in jq, compiled. Cheap to clone.
#[derive(Clone)]
pub(in crate::commands::relay) struct Jq {
    code: Arc<str>,
    filter: Arc<Filter<JustLut<Val>>>,
}

impl FromStr for Jq {
    type Err = String;

    /// Compiles it. The error names the place and what is wrong there.
    fn from_str(code: &str) -> Result<Self, String> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let functions = functions.filter(|(name, ..)| !LEFT_OUT.contains(name)).chain([from_json()]);
        let arena = Arena::default();
        let modules = Loader::new(definitions)
            .load(&arena, File { code, path: () })
            .map_err(|errors| complaint::of_loading(code, errors))?;
        let filter = Compiler::default()
            .with_funs(functions)
            .compile(modules)
            .map_err(|errors| complaint::of_compiling(code, errors))?;
        Ok(Self { code: code.into(), filter: Arc::new(filter) })
    }
}

impl Jq {
    /// Returns every output for an input.
    pub(in crate::commands::relay) fn run(&self, input: Val) -> Result<Vec<Val>, String> {
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut outputs = Vec::new();
        for output in self.filter.id.run((context, input)) {
            if outputs.len() == MOST_OUTPUTS {
                return Err(self.complain(&format!("more than {MOST_OUTPUTS} outputs")));
            }
            let output = output.map_err(|stopped| match stopped.get_err() {
                Ok(error) => self.complain(&error.to_string()),
                Err(_) => self.complain("it halts, which no message may; use empty or error"),
            });
            outputs.push(output?);
        }
        Ok(outputs)
    }

    fn complain(&self, why: &str) -> String {
        let end = why.char_indices().nth(LONGEST_REASON).map_or(why.len(), |(end, _)| end);
        let cut = if end < why.len() { " …" } else { "" };
        format!("jq {}: {}{cut}", self.code, &why[..end])
    }
}

/// jq's `fromjson`, for values that are not too deep.
fn from_json() -> Fun<JustLut<Val>> {
    run(("fromjson", v(0), |(_, input)| {
        let read = |text: Bytes| -> Vec<Result<Val, Error>> {
            match json::check_depth(&text) {
                Ok(()) => read::parse_many(&text)
                    .map(|value| value.map_err(|error| Error::str(format_args!("fromjson: {error}"))))
                    .collect(),
                Err(why) => vec![Err(Error::str(format_args!("fromjson: {why}")))],
            }
        };
        let values = input.try_as_utf8_bytes_owned().map_or_else(|error| vec![Err(error)], read);
        Box::new(values.into_iter().map(|value| value.map_err(Exn::from)))
    }))
}

impl fmt::Debug for Jq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Jq").field(&self.code).finish()
    }
}

#[cfg(test)]
mod tests {
    use jaq_json::{Val, read};

    use super::Jq;

    fn run(code: &str, input: &str) -> Result<Vec<String>, String> {
        let jq: Jq = code.parse()?;
        let outputs = jq.run(read::parse_single(input.as_bytes()).unwrap())?;
        Ok(outputs.iter().map(Val::to_string).collect())
    }

    #[test]
    fn digits_and_the_order_of_fields_stay() {
        let input = r#"{"z":1.10,"a":123456789012345678901234567890,"e":1e400}"#;
        assert_eq!(run(".", input).unwrap(), [input]);
    }

    #[test]
    fn none_one_or_many_come_out() {
        assert_eq!(run(".|fromjson", r#""1 [2] ""#).unwrap(), ["1", "[2]"]);
        assert!(run("fromjson", r#""[""#).unwrap_err().contains("fromjson: "));
        assert!(run("fromjson", "7").unwrap_err().contains("string"));
        assert_eq!(run("select(. % 2 == 0)", "3").unwrap(), [""; 0]);
        assert_eq!(run(".[]|.+1", "[1,2]").unwrap(), ["2", "3"]);
    }

    #[test]
    fn what_fails_while_it_runs_is_told_in_short() {
        let told = run(".a", &format!("\"{}\"", "x".repeat(10_000))).unwrap_err();
        assert!(told.starts_with("jq .a: cannot index"), "{told}");
        assert!(told.len() < 600, "{}", told.len());
        assert!(run("halt", "1").unwrap_err().contains("halts"));
        assert!(run("repeat(.)", "1").unwrap_err().contains("more than 100000 outputs"));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (wrong, told) in [
            (".a | fro(1)", "at character 6: fro: there is no filter fro/1"),
            (".a | $b", "at character 6: $b: there is no variable $b"),
            (".a | (", "at the end: expected closing parenthesis"),
            ("if .a then 1", "at the end: expected else or end"),
            (".a ü", "at character 4: ü: expected token"),
            ("", "at the end: expected term"),
            ("env.AWS_SECRET_ACCESS_KEY", "at character 1: env"),
            ("input", "at character 1: input: there is no filter input/0"),
        ] {
            let said = run(wrong, "1").unwrap_err();
            assert!(said.starts_with(told), "{wrong}: {said}");
        }
    }
}
