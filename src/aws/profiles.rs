//! Which profiles the shared configuration files of AWS hold.
//!
//! Source: AWS SDKs and Tools reference guide, "Shared config and credentials files", "Finding and changing the location
//! of the shared config and credentials files".

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

/// The profile that needs to stand in no file.
const DEFAULT: &str = "default";

/// The profiles of the shared configuration files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles {
    /// The names of the profiles, of both files.
    pub names: BTreeSet<String>,
    /// Where the files are looked for: the configuration, then the credentials.
    pub files: [PathBuf; 2],
}

impl Profiles {
    /// Reads the files that the environment names, or else those in the home folder. A file that cannot be read holds
    /// none.
    pub fn of_the_environment() -> Self {
        Self::read(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let home = || variable("HOME").or_else(|| variable("USERPROFILE"));
        let file = |named: &str, name: &str| match variable(named).map(PathBuf::from) {
            Some(path) => match (path.strip_prefix("~"), home()) {
                (Ok(below), Some(home)) => PathBuf::from(home).join(below),
                _ => path,
            },
            None => PathBuf::from(home().unwrap_or_default())
                .join(".aws")
                .join(name),
        };
        let config = file("AWS_CONFIG_FILE", "config");
        let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        let mut names: BTreeSet<String> = sections(&text(&config))
            .filter_map(of_config)
            .map(str::to_owned)
            .collect();
        names.extend(sections(&text(&credentials)).map(|name| unquoted(name).to_owned()));
        Self {
            names,
            files: [config, credentials],
        }
    }

    /// Whether a profile of that name can be used.
    pub fn has(&self, name: &str) -> bool {
        name == DEFAULT || self.names.contains(name)
    }
}

/// The profile that the environment asks for where no flag does. Keys in the environment come before it.
pub fn named_by_the_environment() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match set("AWS_ACCESS_KEY_ID") {
        Some(_) => None,
        None => set("AWS_PROFILE"),
    }
}

/// What stands between the brackets of each heading.
fn sections(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (name, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
        Some(name.trim())
    })
}

/// The name of a profile in the configuration file, where other things have headings as well.
fn of_config(heading: &str) -> Option<&str> {
    if heading == DEFAULT {
        return Some(heading);
    }
    let name = heading.strip_prefix("profile")?;
    let name = name
        .starts_with(char::is_whitespace)
        .then_some(name.trim_start())?;
    Some(unquoted(name))
}

fn unquoted(name: &str) -> &str {
    let inner = |quote: char| name.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_both_files_are_known_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".aws")).unwrap();
        let config = "[default]\nregion = us-east-1\n [profile  prod] # ours\n[profile \"two words\"]\n\
                      [sso-session corp]\n[services s3]\n[profiles]\n# [profile off]\n[profile cut\n";
        std::fs::write(folder.path().join(".aws/config"), config).unwrap();
        std::fs::write(folder.path().join("keys"), "[ci]\n[profile]\n").unwrap();
        let variable = |name: &str| match name {
            "HOME" => Some(folder.path().as_os_str().to_owned()),
            "AWS_SHARED_CREDENTIALS_FILE" => Some("~/keys".into()),
            _ => None,
        };
        let found = Profiles::read(variable);
        let names: Vec<&str> = found.names.iter().map(String::as_str).collect();
        assert_eq!(names, ["ci", "default", "prod", "profile", "two words"]);
        assert!(found.has("prod") && found.has("default") && !found.has("off"));
        let [config, credentials] = &found.files;
        assert_eq!(*config, folder.path().join(".aws/config"));
        assert_eq!(*credentials, folder.path().join("keys"));
    }

    #[test]
    fn without_files_only_the_default_profile_can_be_used() {
        let found = Profiles::read(|_| None);
        assert!(found.names.is_empty() && found.has("default") && !found.has("prod"));
    }
}
