//! The conditional writes of the dispatcher's memory, interleaved at random and compared with a plain model.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Db, and};

type Item = Map<String, Value>;

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn number(&mut self, sides: u64) -> i64 {
        i64::try_from(self.roll(sides)).unwrap()
    }
}

/// The table, and what should be in it.
struct Both {
    db: Db,
    model: BTreeMap<String, Item>,
}

fn n(value: i64) -> Value {
    json!({"N": value.to_string()})
}

fn s(value: &str) -> Value {
    json!({"S": value})
}

fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?["N"].as_str()?.parse().ok()
}

fn is_owner(item: &Item, me: &str) -> bool {
    item.get("owner") == Some(&s(me))
}

fn marks(item: &Item) -> Vec<String> {
    let set = item.get("marks").map(|marks| marks["SS"].clone());
    set.map_or_else(Vec::new, |set| serde_json::from_value(set).unwrap())
}

fn set_marks(item: &mut Item, mut marks: Vec<String>) {
    marks.sort();
    marks.dedup();
    match marks.is_empty() {
        true => drop(item.remove("marks")),
        false => drop(item.insert("marks".to_owned(), json!({"SS": marks}))),
    }
}

impl Both {
    fn new() -> Self {
        let db = Db::with_table();
        db.sandbox.keep_calls(false);
        let model = BTreeMap::new();
        Self { db, model }
    }

    /// Makes a write whose condition should hold, or not, and which should leave `after`.
    #[track_caller]
    fn step(&mut self, operation: &str, key: &str, write: Value, after: Option<Option<Item>>) {
        let before = self.model.get(key).cloned();
        let input = and(json!({"TableName": "seen", "Key": {"k": s(key)}}), write);
        let shows_old = input["ReturnValues"] == "ALL_OLD";
        let shows_new = input["ReturnValues"] == "ALL_NEW";
        let got = self.db.ask(operation, input.clone());
        match (&after, &got) {
            (None, Err(refused)) => {
                assert_eq!(refused.code, "ConditionalCheckFailedException", "{input}");
            }
            (Some(after), Ok(answer)) => {
                let shown = match (shows_old, shows_new) {
                    (true, _) => before.map_or(Value::Null, Value::Object),
                    (_, true) => after.clone().map_or(Value::Null, Value::Object),
                    _ => Value::Null,
                };
                assert_eq!(answer["Attributes"], shown, "{input}");
            }
            _ => panic!("{input}: {got:?}, not {after:?}"),
        }
        match after {
            None => {}
            Some(None) => drop(self.model.remove(key)),
            Some(Some(item)) => drop(self.model.insert(key.to_owned(), item)),
        }
        let kept = self.db.get(json!({"k": s(key)}));
        let model = self.model.get(key).cloned();
        assert_eq!(kept, model.map_or(Value::Null, Value::Object), "{input}");
    }

    /// The item as the model has it, and as it would begin.
    fn item(&self, key: &str) -> (Option<Item>, Item) {
        let old = self.model.get(key).cloned();
        let mut new = old.clone().unwrap_or_default();
        new.insert("k".to_owned(), s(key));
        (old, new)
    }
}

const STEPS: usize = 3000;

#[test]
fn first_is_what_its_conditions_say() {
    let (mut both, mut dice) = (Both::new(), Dice(1));
    for _ in 0..STEPS {
        let key = format!("first#r#{}", dice.roll(3));
        let me = format!("execution-{}", dice.roll(4));
        let (now, forget) = (dice.number(1000), 100);
        let since = now - forget;
        let (old, mut new) = both.item(&key);
        new.insert("last".to_owned(), n(now));
        new.insert("expires".to_owned(), n(now + forget));
        let last = old.as_ref().and_then(|old| number(old, "last"));
        let mine = old.as_ref().is_some_and(|old| is_owner(old, &me));
        let values =
            json!({":now": n(now), ":x": n(now + forget), ":since": n(since), ":me": s(&me)});
        if dice.roll(2) == 0 {
            let write = json!({
                "UpdateExpression": "SET #last=:now, expires=:x",
                "ConditionExpression": "attribute_exists(k) AND #last>=:since AND #owner<>:me",
                "ExpressionAttributeNames": {"#last": "last", "#owner": "owner"},
                "ExpressionAttributeValues": values,
            });
            let seen = last.is_some_and(|last| last >= since) && !mine;
            both.step("UpdateItem", &key, write, seen.then_some(Some(new)));
        } else {
            new.insert("owner".to_owned(), s(&me));
            let write = json!({
                "UpdateExpression": "SET #owner=:me, #last=:now, expires=:x",
                "ConditionExpression": "attribute_not_exists(k) OR #last<:since OR #owner=:me",
                "ExpressionAttributeNames": {"#last": "last", "#owner": "owner"},
                "ExpressionAttributeValues": values,
            });
            let first = old.is_none() || last.is_some_and(|last| last < since) || mine;
            both.step("UpdateItem", &key, write, first.then_some(Some(new)));
        }
    }
    assert_eq!(both.model.len(), 3);
}

#[test]
fn count_is_what_its_conditions_say() {
    let (mut both, mut dice) = (Both::new(), Dice(2));
    for _ in 0..STEPS {
        let key = format!("count#r#{}", dice.roll(3));
        let me = format!("execution-{}", dice.roll(4));
        let (t, within) = (dice.number(1000), 60);
        let (old, mut new) = both.item(&key);
        let there = marks(&new);
        let muted = old.as_ref().and_then(|old| number(old, "muted"));
        let open = muted.is_none_or(|muted| muted < t);
        let mine = old.as_ref().is_some_and(|old| is_owner(old, &me));
        match dice.roll(8) {
            0..5 => {
                let mark = format!("{t}.{:012x}", dice.roll(50));
                new.insert("expires".to_owned(), n(t + within));
                set_marks(&mut new, [there, vec![mark.clone()]].concat());
                let write = json!({
                    "UpdateExpression": "ADD marks :mark SET expires=:x",
                    "ConditionExpression": "attribute_not_exists(muted) OR muted<:t",
                    "ExpressionAttributeValues":
                        {":mark": {"SS": [mark]}, ":x": n(t + within), ":t": n(t)},
                    "ReturnValues": "ALL_NEW",
                });
                both.step("UpdateItem", &key, write, open.then_some(Some(new)));
            }
            5 | 6 => {
                let mut used: Vec<String> = there.iter().take(6).cloned().collect();
                used.push("0.of-another".to_owned());
                new.insert("muted".to_owned(), n(t + within));
                new.insert("owner".to_owned(), s(&me));
                let left = there.into_iter().filter(|mark| !used.contains(mark));
                set_marks(&mut new, left.collect());
                let write = json!({
                    "UpdateExpression": "SET muted=:m, #owner=:me DELETE marks :used",
                    "ConditionExpression":
                        "attribute_not_exists(muted) OR muted<:t OR #owner=:me",
                    "ExpressionAttributeNames": {"#owner": "owner"},
                    "ExpressionAttributeValues": {":m": n(t + within), ":me": s(&me),
                        ":used": {"SS": used}, ":t": n(t)},
                });
                both.step(
                    "UpdateItem",
                    &key,
                    write,
                    (open || mine).then_some(Some(new)),
                );
            }
            _ => {
                let gone: Vec<String> = there.iter().take(3).cloned().collect();
                if gone.is_empty() {
                    continue;
                }
                let left = there.into_iter().filter(|mark| !gone.contains(mark));
                set_marks(&mut new, left.collect());
                let write = json!({
                    "UpdateExpression": "DELETE marks :old",
                    "ExpressionAttributeValues": {":old": {"SS": gone}},
                });
                both.step("UpdateItem", &key, write, Some(Some(new)));
            }
        }
    }
    assert_eq!(both.model.len(), 3);
}

#[test]
fn quiet_is_what_its_conditions_say() {
    let (mut both, mut dice) = (Both::new(), Dice(3));
    for _ in 0..STEPS {
        let key = format!("quiet#r#{}", dice.roll(3));
        let me = format!("execution-{}", dice.roll(4));
        let (now, long) = (dice.number(2000), 300);
        let grace = now - 120;
        let (old, mut new) = both.item(&key);
        let until = old.as_ref().and_then(|old| number(old, "until"));
        let more = old.as_ref().and_then(|old| number(old, "more"));
        let mine = old.as_ref().is_some_and(|old| is_owner(old, &me));
        let said = more.unwrap_or_default() - dice.number(2);
        let names = json!({"#until": "until", "#owner": "owner"});
        match dice.roll(4) {
            0 => {
                new.insert("more".to_owned(), n(more.unwrap_or_default() + 1));
                let write = json!({
                    "UpdateExpression": "ADD more :one",
                    "ConditionExpression":
                        "attribute_exists(k) AND #until>=:grace AND #owner<>:me",
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": {":one": n(1), ":grace": n(grace), ":me": s(&me)},
                });
                let quiet = until.is_some_and(|until| until >= grace) && !mine;
                both.step("UpdateItem", &key, write, quiet.then_some(Some(new)));
            }
            1 => {
                for (name, value) in [
                    ("owner", s(&me)),
                    ("until", n(now + long)),
                    ("more", n(0)),
                    ("expires", n(now + 2 * long)),
                ] {
                    new.insert(name.to_owned(), value);
                }
                let write = json!({
                    "UpdateExpression": "SET #owner=:me, #until=:until, more=:zero, expires=:x",
                    "ConditionExpression": "attribute_not_exists(k) OR #until<:grace",
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues": {":me": s(&me), ":until": n(now + long),
                        ":zero": n(0), ":x": n(now + 2 * long), ":grace": n(grace)},
                    "ReturnValues": "ALL_OLD",
                });
                let opens = old.is_none() || until.is_some_and(|until| until < grace);
                both.step("UpdateItem", &key, write, opens.then_some(Some(new)));
            }
            2 => {
                new.insert("until".to_owned(), n(now + long));
                let write = json!({
                    "UpdateExpression": "SET #until=:until",
                    "ConditionExpression": "#owner=:me AND more>:said",
                    "ExpressionAttributeNames": names,
                    "ExpressionAttributeValues":
                        {":until": n(now + long), ":me": s(&me), ":said": n(said)},
                    "ReturnValues": "ALL_NEW",
                });
                let goes_on = mine && more.is_some_and(|more| more > said);
                both.step("UpdateItem", &key, write, goes_on.then_some(Some(new)));
            }
            _ => {
                let write = json!({
                    "ConditionExpression": "#owner=:me AND more=:said",
                    "ExpressionAttributeNames": {"#owner": "owner"},
                    "ExpressionAttributeValues": {":me": s(&me), ":said": n(said)},
                });
                let ends = mine && more == Some(said);
                both.step("DeleteItem", &key, write, ends.then_some(None));
            }
        }
    }
}

/// What the first look at a key needs: each of these names is a word that DynamoDB keeps for itself.
#[test]
fn names_of_the_memory_that_are_reserved_need_placeholders() {
    let db = Db::with_table();
    for word in [
        "last", "owner", "until", "count", "name", "time", "ttl", "Owner",
    ] {
        let write = json!({"TableName": "seen", "Key": {"k": s("x")},
            "UpdateExpression": format!("SET {word} = :v"),
            "ExpressionAttributeValues": {":v": n(1)}});
        assert_eq!(
            db.invalid("UpdateItem", write),
            format!(
                "Invalid UpdateExpression: Attribute name is a reserved keyword; reserved keyword: {word}"
            )
        );
    }
    for word in ["k2", "expires", "marks", "muted", "more"] {
        let write = json!({"TableName": "seen", "Key": {"k": s("x")},
            "UpdateExpression": format!("SET {word} = :v"),
            "ExpressionAttributeValues": {":v": n(1)}});
        db.ok("UpdateItem", write);
    }
}
