//! From JSON to fields, tests and branches: the validation rules of event patterns.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::complexity::complexity;
use super::error::{At, Cause, PatternError};
use super::ip::{Address, Block};
use super::json::{Document, Item, Kind, Position};
use super::limits::{MAX_COMBINATIONS, MAX_COMPLEXITY, MAX_FIELDS};
use super::number::comparable;
use super::operators::expression;
use super::test::Test;
use super::wildcard::Wildcard;

/// What one field must hold: at least one of the tests.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The names from the root to the field, joined by dots: EventBridge does not tell
    /// `{"a": {"b": …}}` from `{"a.b": …}`, in patterns or in events.
    pub path: String,
    pub tests: Vec<Test>,
    /// The tests as they were written, without white space.
    pub wanted: String,
}

impl Field {
    /// Whether the field may be absent.
    pub(crate) fn allows_absence(&self) -> bool {
        self.tests.contains(&Test::Absent)
    }

    pub(crate) fn accepts(&self, value: Item<'_>) -> bool {
        self.tests.iter().any(|test| test.holds(value))
            || (value.kind() == Kind::Number && self.accepts_digits(value.text()))
    }

    /// Whether the field accepts a value in memory, were it the only one there.
    pub(crate) fn accepts_value(&self, value: &serde_json::Value) -> bool {
        let document = Document::from_value(value);
        document.is_ok_and(|document| document.root().is_some_and(|root| self.accepts(root)))
    }

    /// A number has no quotes, so event-ruler takes its digits for those of an address (`ByteMachine`,
    /// `NUMERIC_RANGE`): `{"cidr": "0.0.0.0/0"}` accepts 5. Not where the list is about numbers too: those
    /// that can be compared are then compared and nothing else (`ByteMachine.transitionOn`).
    fn accepts_digits(&self, number: &str) -> bool {
        let mut blocks = self.tests.iter().filter_map(|test| match test {
            Test::Block(block) => Some(block),
            _ => None,
        });
        blocks.any(|block| block.holds_digits(number))
            && !(self.tests.iter().any(Test::compares_numbers) && comparable(number).is_some())
    }
}

/// A compiled pattern: an event matches if it meets all fields of one branch.
#[derive(Debug, Clone)]
pub(super) struct Compiled {
    pub fields: Vec<Field>,
    /// Indexes into `fields`, each branch sorted by path as Java sorts strings. More than one branch
    /// where the pattern has `$or`.
    pub branches: Vec<Vec<usize>>,
    pub complexity: usize,
    pub wildcards: bool,
    /// A path that one branch tests twice, so that only the later test counts.
    pub overruled: Option<String>,
}

/// The names that no field inside `$or` may have (event-ruler `Constants`): there EventBridge takes them for operators
/// and refuses the pattern.
pub const RESERVED_IN_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

pub(super) fn compile(source: &str, document: &Document) -> Result<Compiled, PatternError> {
    let mut compiler = Compiler::default();
    let compiled = match document.root() {
        Some(root) if root.kind() == Kind::Object => compiler
            .object(root, None, false)
            .and_then(|()| compiler.finish()),
        other => Err((Cause::NotAnObject, other.map_or(0, Item::at))),
    };
    compiled.map_err(|(cause, at)| PatternError {
        cause,
        position: Position::of(source, at),
    })
}

#[derive(Default)]
struct Compiler {
    fields: Vec<Field>,
    /// For each branch so far: field by path.
    branches: Vec<BTreeMap<usize, usize>>,
    overruled: Option<String>,
}

impl Compiler {
    /// Reads the fields of an object. `base` is the path of the object itself.
    fn object(&mut self, object: Item<'_>, base: Option<&str>, inside_or: bool) -> At<()> {
        let mut empty = true;
        for child in object.children() {
            empty = false;
            self.member(child, base, inside_or)?;
        }
        if empty {
            return Err((Cause::EmptyObject, object.at()));
        }
        Ok(())
    }

    fn member(&mut self, child: Item<'_>, base: Option<&str>, inside_or: bool) -> At<()> {
        let key = child.key();
        if key == "$or" {
            return self.alternatives(child, base);
        }
        if inside_or && RESERVED_IN_OR.contains(&key) {
            return Err((Cause::OrReserved(key.to_owned()), child.key_at()));
        }
        match child.kind() {
            Kind::Object => {
                let path = base.map_or_else(|| key.to_owned(), |base| format!("{base}.{key}"));
                self.object(child, Some(&path), inside_or)
            }
            Kind::Array => {
                // An empty path of the object leaves no dot (event-ruler `Path.extendedName`).
                let path = match base.unwrap_or_default() {
                    "" => key.to_owned(),
                    base => format!("{base}.{key}"),
                };
                self.field(path, child)
            }
            _ => Err((Cause::BareValue(key.to_owned()), child.at())),
        }
    }

    /// `$or`: every branch so far is continued once with each of the alternatives. Fields that come
    /// later go to all of them; where a path comes twice in one branch, the later one counts,
    /// whichever side of the `$or` it stands on (event-ruler `parseIntoOrRelationship`).
    fn alternatives(&mut self, list: Item<'_>, base: Option<&str>) -> At<()> {
        if list.kind() != Kind::Array {
            return Err((Cause::OrList, list.at()));
        }
        let mut before = std::mem::take(&mut self.branches);
        if before.is_empty() {
            before.push(BTreeMap::new());
        }
        let mut after = Vec::new();
        let mut count = 0;
        for alternative in list.children() {
            count += 1;
            if alternative.kind() != Kind::Object {
                return Err((Cause::OrMember, alternative.at()));
            }
            self.branches.clone_from(&before);
            self.object(alternative, base, true)?;
            after.append(&mut self.branches);
            if after.len() > MAX_COMBINATIONS {
                return Err((Cause::TooManyCombinations, list.key_at()));
            }
        }
        if count < 2 {
            return Err((Cause::OrShort, list.at()));
        }
        self.branches = after;
        Ok(())
    }

    fn field(&mut self, path: String, list: Item<'_>) -> At<()> {
        let tests = tests(list)?;
        let mut wanted = String::new();
        list.write(&mut wanted);
        // There are few fields: equal ones in several branches are one, and the first of a path stands for it.
        let next = self.fields.len();
        let same_path = self.fields.iter().position(|field| field.path == path);
        let path_id = same_path.unwrap_or(next);
        let same = self
            .fields
            .iter()
            .position(|field| field.path == path && field.wanted == wanted);
        let field = same.unwrap_or(next);
        if same.is_none() {
            self.fields.push(Field {
                path,
                tests,
                wanted,
            });
        }
        if self.branches.is_empty() {
            self.branches.push(BTreeMap::new());
        }
        for branch in &mut self.branches {
            if branch
                .insert(path_id, field)
                .is_some_and(|earlier| earlier != field)
            {
                self.overruled = self.fields.get(field).map(|field| field.path.clone());
            }
            if branch.len() > MAX_FIELDS {
                return Err((Cause::TooManyFields, list.key_at()));
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> At<Compiled> {
        let fields = std::mem::take(&mut self.fields);
        let units = |field: &usize| -> Vec<u16> {
            let path = fields.get(*field).map_or("", |field| field.path.as_str());
            path.encode_utf16().collect()
        };
        let mut seen = HashSet::new();
        let mut branches = Vec::new();
        for branch in &self.branches {
            let mut branch: Vec<usize> = branch.values().copied().collect();
            branch.sort_by_cached_key(units);
            if seen.insert(branch.clone()) {
                branches.push(branch);
            }
        }
        let complexity = measure(&fields, &branches);
        if complexity > MAX_COMPLEXITY {
            return Err((Cause::TooComplex, 0));
        }
        Ok(Compiled {
            wildcards: fields.iter().any(|field| wildcards(field).next().is_some()),
            fields,
            branches,
            complexity,
            overruled: self.overruled.take(),
        })
    }
}

/// The reading of a field's list.
fn tests(list: Item<'_>) -> At<Vec<Test>> {
    let tests = list
        .children()
        .map(|value| match value.kind() {
            Kind::Object => expression(value),
            Kind::String => Ok(match Address::parse(value.text()) {
                Some(address) => Test::Block(Block::single(address)),
                None => Test::Exactly(value.text().to_owned()),
            }),
            Kind::Number => Ok(Test::Number {
                text: value.text().to_owned(),
                value: comparable(value.text()),
            }),
            Kind::Array => Err((Cause::NestedArray, value.at())),
            keyword => Ok(Test::Keyword(keyword)),
        })
        .collect::<At<Vec<Test>>>()?;
    if tests.is_empty() {
        return Err((Cause::EmptyArray, list.at()));
    }
    Ok(tests)
}

fn wildcards(field: &Field) -> impl Iterator<Item = &Wildcard> {
    field
        .tests
        .iter()
        .flat_map(|test| match test {
            Test::AnythingBut(inner) => inner.as_slice(),
            other => std::slice::from_ref(other),
        })
        .filter_map(|test| match test {
            Test::Wildcard(wildcard) => Some(wildcard),
            _ => None,
        })
}

/// The highest complexity of any field. event-ruler builds one automaton for the lists that different
/// branches have at the same path, as long as the branches agree in all paths sorted before it.
fn measure(fields: &[Field], branches: &[Vec<usize>]) -> usize {
    let mut shared: HashMap<(&[usize], &str), Vec<usize>> = HashMap::new();
    for branch in branches {
        for (n, index) in branch.iter().enumerate() {
            let Some(field) = fields.get(*index) else {
                continue;
            };
            if wildcards(field).next().is_some() {
                let before = branch.get(..n).unwrap_or_default();
                let list = shared.entry((before, &field.path)).or_default();
                if !list.contains(index) {
                    list.push(*index);
                }
            }
        }
    }
    let lists: HashSet<Vec<usize>> = shared.into_values().collect();
    lists
        .iter()
        .map(|list| {
            let fields = list.iter().filter_map(|index| fields.get(*index));
            complexity(fields.flat_map(wildcards))
        })
        .max()
        .unwrap_or(0)
}
