//! The project's own vectors: what AWS documents and event-ruler's source says, one file a feature.

use std::path::PathBuf;

use serde_json::Value;

use super::recorded::verdict;

/// The own vectors, all files.
pub fn vectors() -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            lines
        })
        .collect()
}

#[test]
fn every_own_vector_gets_its_verdict() {
    let vectors = vectors();
    let wrong: Vec<String> = vectors
        .iter()
        .map(|vector| (vector, verdict(vector)))
        .filter(|(vector, got)| *got != vector["expect"])
        .map(|(vector, got)| format!("got {got}: {vector}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(vectors.len() >= 300, "{}", vectors.len());
}

#[test]
fn the_own_vectors_have_different_names_and_say_all_three_verdicts() {
    let vectors = vectors();
    let names: std::collections::BTreeSet<&str> = vectors
        .iter()
        .map(|vector| vector["id"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), vectors.len());
    for expect in [Value::from(true), false.into(), "invalid".into()] {
        let share = vectors
            .iter()
            .filter(|vector| vector["expect"] == expect)
            .count();
        assert!(
            share * 5 > vectors.len(),
            "{expect}: {share} of {}",
            vectors.len()
        );
    }
}
