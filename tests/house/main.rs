//! Holds the house to its plan: which room may name which, where the SDK is spoken, who speaks to a person, and
//! that the map in `src/README.md` shows what is there.
//!
//! It reads the sources as text and needs nothing else of the crate. The rules are in `rules.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod map;
mod rules;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rules::{FLOORS, LARGEST_LOOP};
use source::Crate;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program, and the crate of patterns beside it under the name of its room.
fn crates() -> &'static [Crate; 2] {
    static CRATES: OnceLock<[Crate; 2]> = OnceLock::new();
    CRATES.get_or_init(read)
}

fn read() -> [Crate; 2] {
    let program = Crate::read(&root().join("src"));
    let mut pattern = Crate::read(&root().join("src/pattern/src"));
    for file in &mut pattern.files {
        file.room = "pattern".to_owned();
    }
    [program, pattern]
}

/// Fails with what breaks a rule and is not on its list, and with what is on the list and breaks it no more.
#[track_caller]
fn only<T: Ord + Debug>(
    rule: &str,
    broken: BTreeMap<T, String>,
    to_mend: impl IntoIterator<Item = T>,
) {
    let listed: BTreeSet<T> = to_mend.into_iter().collect();
    let mut said = String::new();
    for (what, why) in &broken {
        if !listed.contains(what) {
            let _ = write!(said, "\n  {what:?}: {why}");
        }
    }
    for what in listed.iter().filter(|what| !broken.contains_key(what)) {
        let _ = write!(said, "\n  {what:?} is mended: take it from the list");
    }
    assert!(said.is_empty(), "{rule}{said}");
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

#[test]
fn every_room_has_a_floor() {
    let [program, _] = crates();
    for file in &program.files {
        let known = file.path == "lib.rs" || floor(&file.room).is_some();
        assert!(known, "src/{}: FLOORS lacks `{}`", file.path, file.room);
    }
}

#[test]
fn rooms_name_only_rooms_below_them() {
    let [program, _] = crates();
    let mut broken = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (from, file) in program.files.iter().enumerate() {
        // `lib.rs` declares all rooms and has nothing else.
        if file.path == "lib.rs" {
            continue;
        }
        let inside = program.named(from).into_iter().map(|arrow| {
            let to = &program.files[arrow.to];
            (to.room.as_str(), arrow.line)
        });
        let pattern = program.line_naming(from, "pattern");
        for (to, line) in inside.chain(pattern.map(|line| ("pattern", line))) {
            let room = file.room.as_str();
            if to == room {
                continue;
            }
            // The program starts from the crate's root.
            if room == "main" && to == "lib" {
                continue;
            }
            named.insert((room.to_owned(), to.to_owned()));
            let place = format!("src/{}:{line}", file.path);
            let why = if floor(to) >= floor(room) {
                "its floor is not below".to_owned()
            } else if let Some(ban) = rules::BANS
                .iter()
                .find(|ban| ban.room == room && ban.named.contains(&to))
            {
                ban.because.to_owned()
            } else if let Some(reserved) = rules::RESERVED
                .iter()
                .find(|reserved| reserved.room == to && !reserved.to.contains(&room))
            {
                reserved.because.to_owned()
            } else {
                continue;
            };
            broken.insert((room.to_owned(), to.to_owned()), format!("{place}: {why}"));
        }
    }
    // A reader of the sources that sees nothing would let everything pass.
    for arrow in [
        ("plan", "resources"),
        ("resources", "pattern"),
        ("cli", "rules"),
    ] {
        let arrow = (arrow.0.to_owned(), arrow.1.to_owned());
        assert!(named.contains(&arrow), "{arrow:?} is not seen");
    }
    let to_mend = rules::ARROWS_TO_MEND.iter();
    let to_mend = to_mend.map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
    only("a room names one that it must not", broken, to_mend);
}

#[test]
fn the_crate_of_patterns_needs_nothing_of_ours() {
    // What the workspace hands to its members is in the other manifest.
    for manifest in ["src/pattern/Cargo.toml", "Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
            let is_path = section.contains("dependencies") && words.any(|word| word == "path");
            let is_its = manifest.starts_with("src") || section.contains("workspace");
            assert!(
                !(is_path && is_its),
                "{manifest}: it depends on a neighbour: {line}"
            );
        }
    }
    let [_, pattern] = crates();
    for file in &pattern.files {
        let ours = file.tokens.iter().find(|token| token.text == "iamwatch");
        assert_eq!(ours, None, "src/pattern/src/{}", file.path);
    }
}

/// Whether a rule's place is the file's: `*` stands for one name, and a folder for all that is in it.
fn is_at(path: &str, rule: &str) -> bool {
    let mut names = path.split('/');
    for wanted in rule.split('/') {
        if wanted.is_empty() {
            return true;
        }
        let name = names.next();
        if name.is_none_or(|name| wanted != "*" && wanted != name) {
            return false;
        }
    }
    names.next().is_none()
}

#[test]
fn the_sdk_is_spoken_in_few_files() {
    let mut broken = BTreeMap::new();
    let [program, pattern] = crates();
    for file in program.files.iter().chain(&pattern.files) {
        let words: Vec<&str> = file
            .tokens
            .iter()
            .map(|token| token.text.as_str())
            .collect();
        let client = words.iter().position(|word| word.starts_with("aws_sdk_"));
        // A request of the SDK takes nothing when it is sent; a message to a channel does.
        let sent = [".", "send", "(", ")"];
        let request = words.windows(4).position(|window| window == sent);
        let Some(token) = client.or(request).and_then(|index| file.tokens.get(index)) else {
            continue;
        };
        if !rules::SDK.iter().any(|(rule, _)| is_at(&file.path, rule)) {
            let why = format!("line {} speaks to AWS", token.line);
            broken.insert(file.path.as_str(), why);
        }
    }
    only(
        "the SDK outside its files",
        broken,
        rules::SDK_TO_MEND.iter().copied(),
    );
}

#[test]
fn only_the_command_line_speaks_to_a_person() {
    let words = [
        "println", "eprintln", "print", "eprint", "stdout", "stderr", "stdin", "dbg",
    ];
    let mut broken = BTreeMap::new();
    let [program, pattern] = crates();
    for file in program.files.iter().chain(&pattern.files) {
        if rules::SPEAKERS.contains(&file.room.as_str()) {
            continue;
        }
        let mut pairs = file.tokens.windows(2);
        let spoken = pairs.find(|pair| {
            words.contains(&pair[0].text.as_str()) && matches!(pair[1].text.as_str(), "!" | "(")
        });
        if let Some([word, _]) = spoken {
            let why = format!("line {} has `{}`", word.line, word.text);
            broken.insert(file.path.as_str(), why);
        }
    }
    only(
        "a file below the command line prints or reads standard input",
        broken,
        rules::STREAMS.iter().map(|(path, _)| *path),
    );
}

#[test]
fn nothing_reaches_a_terminal_past_what_escapes_it() {
    let mut broken = BTreeMap::new();
    let mut used = BTreeSet::new();
    let [program, _] = crates();
    for file in &program.files {
        for pair in file.tokens.windows(2) {
            let (word, next) = (pair[0].text.as_str(), pair[1].text.as_str());
            if next != "(" {
                continue;
            }
            let Some((door, files)) = rules::DOORS.iter().find(|(door, _)| *door == word) else {
                continue;
            };
            used.insert((*door, file.path.as_str()));
            if !files.iter().any(|(path, _)| *path == file.path) {
                let why = format!("line {} has `{word}`", pair[0].line);
                broken.insert(file.path.as_str(), why);
            }
        }
        // A line that is written piece by piece could be broken between two of them.
        let is_text = file.room == "render" && !file.path.contains("/page");
        let piece = file.tokens.windows(2).find(|pair| {
            pair[0].text == "write" && pair[1].text == "!" && file.path != "render/text.rs"
        });
        if let Some([word, _]) = piece.filter(|_| is_text) {
            let why = format!("line {} has `write!`: write whole lines", word.line);
            broken.insert(file.path.as_str(), why);
        }
    }
    only("a way past the screen", broken, []);
    for (door, files) in rules::DOORS {
        for (path, _) in *files {
            assert!(
                used.contains(&(*door, *path)),
                "{path} has no `{door}`: take it from the list"
            );
        }
    }
}

#[test]
fn files_of_a_room_reach_each_other_in_small_loops_only() {
    let mut broken = BTreeMap::new();
    for part in crates() {
        for files in part.loops() {
            let room = part.files[files[0]].room.clone();
            let size = files.len();
            let inside: Vec<&str> = files
                .iter()
                .map(|file| part.files[*file].path.as_str())
                .collect();
            if size > LARGEST_LOOP {
                broken.insert((room, size), inside.join(", "));
            }
        }
    }
    let to_mend = rules::LOOPS_TO_MEND.iter();
    let to_mend = to_mend.map(|(room, size)| ((*room).to_owned(), *size));
    only("a loop of files is too large", broken, to_mend);
}

#[test]
fn doc_comments_can_be_read_alone() {
    let mut broken = BTreeMap::new();
    for part in crates() {
        for file in &part.files {
            let mut before = "";
            let mut lines = Vec::new();
            for (number, line) in file.text.lines().enumerate() {
                let line = line.trim_start();
                let doc = |line: &str| line.starts_with("///") || line.starts_with("//!");
                let begins = line.get(3..).unwrap_or_default().trim_start();
                if doc(line) && !doc(before) && begins.starts_with("The same") {
                    lines.push((number + 1).to_string());
                }
                before = line;
            }
            if !lines.is_empty() {
                let path = match file.room.as_str() {
                    "pattern" => format!("pattern/src/{}", file.path),
                    _ => file.path.clone(),
                };
                broken.insert((path, lines.len()), format!("lines {}", lines.join(", ")));
            }
        }
    }
    let to_mend = rules::DOCS_TO_MEND.iter();
    let to_mend = to_mend.map(|(path, count)| ((*path).to_owned(), *count));
    only("a doc comment begins with \"The same\"", broken, to_mend);
}

#[test]
fn the_map_shows_every_folder() {
    let map = map::Map::read(&root());
    let mut broken = BTreeMap::new();
    for folder in map::folders(&root().join("src")) {
        if !map.shows(&folder) {
            broken.insert(folder, "is not in src/README.md".to_owned());
        }
    }
    let to_mend = rules::FOLDERS_TO_MEND.iter().map(|path| (*path).to_owned());
    only("the map lacks a folder", broken, to_mend);
}

#[test]
fn the_map_names_only_what_is_there() {
    let map = map::Map::read(&root());
    let mut broken = BTreeMap::new();
    for path in &map.paths {
        if !map::exists(&root(), path) {
            broken.insert(path.clone(), "does not exist".to_owned());
        }
    }
    let to_mend = rules::PATHS_TO_MEND.iter().map(|path| (*path).to_owned());
    only("src/README.md names what is not there", broken, to_mend);
}

#[test]
fn the_map_names_only_tests_that_are_there() {
    let map = map::Map::read(&root());
    assert!(map.tests.len() > 3, "{:?}", map.tests);
    let all = map::all_tests(&root());
    for test in &map.tests {
        assert!(all.contains(test), "there is no test `{test}`");
    }
}

#[test]
fn the_reader_of_sources_sees_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("lib.rs", "pub mod a; pub mod b; pub mod c;");
    write(
        "a/mod.rs",
        "mod inner;\npub use inner::Thing;\n#[cfg(test)]\nmod tests { use crate::c::X; }\n",
    );
    write(
        "a/inner.rs",
        "// crate::c\npub struct Thing; const T: &str = \"crate::c\";",
    );
    write(
        "b.rs",
        "use super::a::{self, Thing as Other};\nfn f() { let x = 'c'; crate::c::g() }",
    );
    write(
        "c.rs",
        "use std::a; pub use crate::{a::{inner::{Thing}}, b as other};",
    );
    let read = Crate::read(folder.path());
    let position = |path: &str| {
        let mut files = read.files.iter();
        files.position(|file| file.path == path).unwrap()
    };
    let paths = |arrows: Vec<source::Arrow>| -> Vec<String> {
        let paths = arrows.into_iter().map(|arrow| &read.files[arrow.to].path);
        paths.cloned().collect()
    };
    let names = |path: &str| paths(read.arrows(position(path)));
    assert_eq!(names("a/mod.rs"), Vec::<String>::new());
    assert_eq!(names("b.rs"), ["a/inner.rs", "a/mod.rs", "c.rs"]);
    assert_eq!(names("c.rs"), Vec::<String>::new());
    let passed_on = read.named(position("c.rs"));
    assert_eq!(paths(passed_on), ["a/inner.rs", "b.rs"]);
}

impl Crate {
    /// The line on which a file first names a crate that the root passes on as a room of this name.
    fn line_naming(&self, from: usize, room: &str) -> Option<usize> {
        let tokens = &self.files[from].tokens;
        let named = tokens.windows(3).find(|next| {
            let words: Vec<&str> = next.iter().map(|token| token.text.as_str()).collect();
            words == ["crate", "::", room] || words.first() == Some(&"eventbridge_pattern")
        });
        Some(named?[0].line)
    }

    /// Sets of files of a room of which each reaches each.
    fn loops(&self) -> Vec<Vec<usize>> {
        let next: Vec<Vec<usize>> = (0..self.files.len())
            .map(|from| {
                let arrows = self.arrows(from).into_iter().map(|arrow| arrow.to);
                let same = |to: &usize| self.files[*to].room == self.files[from].room;
                arrows.filter(same).collect()
            })
            .collect();
        let reached: Vec<BTreeSet<usize>> = (0..next.len())
            .map(|from| {
                let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
                while let Some(file) = open.pop() {
                    open.extend(next[file].iter().filter(|to| reached.insert(**to)));
                }
                reached
            })
            .collect();
        let mut loops = BTreeSet::new();
        for (from, to) in reached.iter().enumerate() {
            let back = |file: &&usize| reached[**file].contains(&from);
            let inside: Vec<usize> = to.iter().filter(back).copied().collect();
            if inside.len() > 1 {
                loops.insert(inside);
            }
        }
        loops.into_iter().collect()
    }
}

#[test]
fn a_place_of_a_rule_is_a_file_or_a_folder() {
    assert!(is_at("aws/calls.rs", "aws/"));
    assert!(is_at("resources/topic/aws.rs", "resources/*/aws.rs"));
    assert!(!is_at("resources/topic/mod.rs", "resources/*/aws.rs"));
    assert!(!is_at("resources/aws.rs", "resources/*/aws.rs"));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").is_dir());
}
