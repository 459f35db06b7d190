//! What a source file refers to: its `use` lines and paths, without comments, texts and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A crate's source files and what each refers to.
pub(crate) struct Crate {
    pub files: Vec<File>,
}

pub(crate) struct File {
    /// Below the crate's source folder, with `/` between its parts.
    pub path: String,
    /// The folder at the top of the crate, or the name of a file that stands there alone.
    pub room: String,
    /// The text as it stands.
    pub text: String,
    /// Identifiers and punctuation outside comments, texts and `#[cfg(test)]`.
    pub tokens: Vec<Token>,
    module: Vec<String>,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub text: String,
    pub line: usize,
}

/// A path that the file names.
struct Reference {
    segments: Vec<String>,
    line: usize,
    /// The name by which a `use` makes it known in its module.
    name: Option<String>,
    /// `pub use`: the file passes the name on and needs it not.
    passed_on: bool,
}

/// A file that another one needs, and the line that says so.
pub(crate) struct Arrow {
    pub to: usize,
    pub line: usize,
}

impl Crate {
    /// Reads all `.rs` files below a folder, without those of a crate of its own in it.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut paths = Vec::new();
        walk(folder, folder, &mut paths);
        paths.sort();
        let mut files: Vec<File> = paths
            .into_iter()
            .map(|path| {
                let text = std::fs::read_to_string(folder.join(&path)).unwrap();
                File::new(path, text)
            })
            .collect();
        let left_out = tests_elsewhere(&files);
        files.retain(|file| !left_out.contains(&file.module));
        let modules: BTreeSet<Vec<String>> = files.iter().map(|file| file.module.clone()).collect();
        for file in &mut files {
            file.references = references(&file.tokens, &file.module, &modules);
        }
        Self { files }
    }

    /// The files of this crate that a file needs, each once. A name that a module only passes on leads to the file
    /// that has it.
    pub(crate) fn arrows(&self, from: usize) -> Vec<Arrow> {
        self.targets(from, |reference| !reference.passed_on)
    }

    /// The files of this crate that a file names, be it only to pass a name on.
    pub(crate) fn named(&self, from: usize) -> Vec<Arrow> {
        self.targets(from, |_| true)
    }

    fn targets(&self, from: usize, counts: impl Fn(&Reference) -> bool) -> Vec<Arrow> {
        let modules = self.modules();
        let mut arrows: BTreeMap<usize, usize> = BTreeMap::new();
        for reference in &self.files[from].references {
            if !counts(reference) {
                continue;
            }
            if let Some(to) = self.resolve(&modules, &reference.segments)
                && to != from
            {
                arrows.entry(to).or_insert(reference.line);
            }
        }
        let arrows = arrows.into_iter();
        arrows.map(|(to, line)| Arrow { to, line }).collect()
    }

    fn modules(&self) -> BTreeMap<&[String], usize> {
        let modules = self.files.iter().enumerate();
        modules
            .map(|(index, file)| (file.module.as_slice(), index))
            .collect()
    }

    fn resolve(&self, modules: &BTreeMap<&[String], usize>, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        // A name may be passed on through several modules.
        'again: for _ in 0..8 {
            if path.first().is_some_and(|first| first == "::") {
                return None;
            }
            let mut module: Vec<String> = Vec::new();
            for (index, segment) in path.iter().enumerate() {
                module.push(segment.clone());
                if modules.contains_key(module.as_slice()) {
                    continue;
                }
                module.pop();
                let file = *modules.get(module.as_slice())?;
                let known = self.files[file]
                    .references
                    .iter()
                    .find(|reference| reference.name.as_ref() == Some(segment));
                if let Some(known) = known {
                    let rest = path.get(index + 1..).unwrap_or_default();
                    path = [known.segments.as_slice(), rest].concat();
                    continue 'again;
                }
                return Some(file);
            }
            return modules.get(module.as_slice()).copied();
        }
        None
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let stem = path.strip_suffix(".rs").unwrap_or(&path);
        let mut module: Vec<String> = stem.split('/').map(str::to_owned).collect();
        let last = module.last().map(String::as_str);
        if last == Some("mod") || path == "lib.rs" {
            module.pop();
        }
        let room = stem.split('/').next().unwrap_or_default().to_owned();
        let tokens = without_tests(tokens(&blank(&text)));
        Self {
            room,
            tokens,
            module,
            references: Vec::new(),
            path,
            text,
        }
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.join("Cargo.toml").exists() {
                walk(root, &path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root).unwrap();
            found.push(below.to_str().unwrap().replace('\\', "/"));
        }
    }
}

/// The modules that `#[cfg(test)] mod name;` declares.
fn tests_elsewhere(files: &[File]) -> Vec<Vec<String>> {
    let mut modules = Vec::new();
    for file in files {
        let tokens = tokens(&blank(&file.text));
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        for window in words.windows(10) {
            if let ["#", "[", "cfg", "(", "test", ")", "]", "mod", name, ";"] = window {
                modules.push([file.module.as_slice(), &[(*name).to_owned()]].concat());
            }
        }
    }
    modules
}

/// The text with comments and the contents of literals as spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut index = 0;
    let skip = |out: &mut String, from: usize, to: usize| {
        for skipped in from..to.min(chars.len()) {
            out.push(if at(skipped) == '\n' { '\n' } else { ' ' });
        }
        to
    };
    while index < chars.len() {
        let before = index.checked_sub(1).map_or(' ', at);
        let word_before = before.is_alphanumeric() || before == '_';
        let mut hashes = 0;
        while at(index + 1 + hashes) == '#' {
            hashes += 1;
        }
        index = match at(index) {
            '/' if at(index + 1) == '/' => {
                let end = (index..chars.len()).find(|end| at(*end) == '\n');
                skip(&mut out, index, end.unwrap_or(chars.len()))
            }
            '/' if at(index + 1) == '*' => {
                let mut depth = 0;
                let mut end = index;
                loop {
                    match (at(end), at(end + 1)) {
                        ('/', '*') => (depth, end) = (depth + 1, end + 2),
                        ('*', '/') => (depth, end) = (depth - 1, end + 2),
                        _ => end += 1,
                    }
                    if depth == 0 || end >= chars.len() {
                        break;
                    }
                }
                skip(&mut out, index, end)
            }
            'r' if at(index + 1 + hashes) == '"' && (!word_before || before == 'b') => {
                let mut end = index + 2 + hashes;
                let closed =
                    |end: usize| at(end) == '"' && (1..=hashes).all(|hash| at(end + hash) == '#');
                while end < chars.len() && !closed(end) {
                    end += 1;
                }
                skip(&mut out, index, end + 1 + hashes)
            }
            '"' => {
                let mut end = index + 1;
                while end < chars.len() && at(end) != '"' {
                    end += if at(end) == '\\' { 2 } else { 1 };
                }
                skip(&mut out, index, end + 1)
            }
            // A character, or the start of a lifetime.
            '\'' if at(index + 1) == '\\' => {
                let end = (index + 3..chars.len()).find(|end| at(*end) == '\'');
                skip(&mut out, index, end.unwrap_or(chars.len()) + 1)
            }
            '\'' if at(index + 2) == '\'' => skip(&mut out, index, index + 3),
            other => {
                out.push(other);
                index + 1
            }
        };
    }
    out
}

/// Identifiers, `::`, and each other character by itself.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if word(first) {
                rest.find(|c| !word(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (text, behind) = rest.split_at(length);
            tokens.push(Token {
                text: text.to_owned(),
                line: number + 1,
            });
            rest = behind.trim_start();
        }
    }
    tokens
}

/// The tokens without the items under `#[cfg(test)]`.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let next = tokens.get(index..).unwrap_or_default();
        let begins = ["#", "[", "cfg", "(", "test", ")", "]"]
            .iter()
            .zip(next)
            .filter(|(wanted, token)| **wanted == token.text)
            .count();
        if begins < 7 {
            kept.extend(next.first().cloned());
            index += 1;
            continue;
        }
        let mut depth = 0_usize;
        for token in next.iter().skip(7) {
            index += 1;
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                ";" if depth == 0 => break,
                _ => {}
            }
        }
        index += 7;
    }
    kept
}

/// All paths in the tokens of a module's file, from the crate's root. What stands in other crates begins with `::`.
fn references(
    tokens: &[Token],
    module: &[String],
    modules: &BTreeSet<Vec<String>>,
) -> Vec<Reference> {
    let mut found = Vec::new();
    // The modules inside the file that are open, and the depth of braces at which each ends.
    let mut inside: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    let mut index = 0;
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let here = |inside: &[(String, usize)]| -> Vec<String> {
        let inside = inside.iter().map(|(name, _)| name.clone());
        module.iter().cloned().chain(inside).collect()
    };
    while index < tokens.len() {
        match text(index) {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                inside.retain(|(_, end)| *end <= depth);
            }
            "mod" if text(index + 2) == "{" => {
                inside.push((text(index + 1).to_owned(), depth + 1));
            }
            "use" => {
                let before = index.checked_sub(1).map_or("", text);
                let passed_on = before == "pub" || before == ")";
                let line = tokens.get(index).map_or(0, |token| token.line);
                let mut leaves = Vec::new();
                index = tree(tokens, index + 1, &[], &mut leaves);
                for (segments, name) in leaves {
                    let segments = from_root(&segments, &here(&inside), modules);
                    found.push(Reference {
                        segments,
                        line,
                        name: inside.is_empty().then_some(name),
                        passed_on,
                    });
                }
                continue;
            }
            _ if text(index + 1) == "::"
                && !matches!(index.checked_sub(1).map_or("", text), "::" | ".") =>
            {
                let line = tokens.get(index).map_or(0, |token| token.line);
                let mut segments = vec![text(index).to_owned()];
                while text(index + 1) == "::" && is_word(text(index + 2)) {
                    segments.push(text(index + 2).to_owned());
                    index += 2;
                }
                let segments = from_root(&segments, &here(&inside), modules);
                if segments.first().is_some_and(|first| first != "::") {
                    found.push(Reference {
                        segments,
                        line,
                        name: None,
                        passed_on: false,
                    });
                }
            }
            _ => {}
        }
        index += 1;
    }
    found
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads one tree of a `use`; the index behind it.
fn tree(
    tokens: &[Token],
    mut index: usize,
    prefix: &[String],
    leaves: &mut Vec<(Vec<String>, String)>,
) -> usize {
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let mut path = prefix.to_vec();
    loop {
        match text(index) {
            "{" => {
                index += 1;
                while !matches!(text(index), "}" | "") {
                    let begun = index;
                    index = tree(tokens, index, &path, leaves);
                    // What is no path, as the `$` of a macro, is passed over.
                    if text(index) == "," || index == begun {
                        index += 1;
                    }
                }
                return index + 1;
            }
            "::" => {}
            "*" => {
                leaves.push((path, "*".to_owned()));
                return index + 1;
            }
            "as" => {
                leaves.push((path, text(index + 1).to_owned()));
                return index + 2;
            }
            "self" if !path.is_empty() => {}
            word if is_word(word) => path.push(word.to_owned()),
            _ => {
                let name = path.last().cloned().unwrap_or_default();
                leaves.push((path, name));
                return index;
            }
        }
        index += 1;
    }
}

fn from_root(segments: &[String], here: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<String> {
    let first = segments.first().map_or("", String::as_str);
    let rest = segments.get(1..).unwrap_or_default();
    match first {
        "crate" | "iamwatch" => rest.to_vec(),
        "self" => [here, rest].concat(),
        "super" => {
            let above = here.get(..here.len().saturating_sub(1)).unwrap_or_default();
            if rest.first().is_some_and(|next| next == "super") {
                from_root(rest, above, modules)
            } else {
                [above, rest].concat()
            }
        }
        _ => {
            let child = [here, &[first.to_owned()]].concat();
            if modules.contains(&child) {
                [here, segments].concat()
            } else {
                [&["::".to_owned()], segments].concat()
            }
        }
    }
}
