//! A corpus of CloudTrail logs: the same bytes for the same seed, laid out and named as CloudTrail delivers them.
//!
//! Tests and benches share it. It knows nothing of rules: it writes what accounts look like. A few principals
//! (pipelines, a scanner) make most of the calls, most calls only read, people work by day and from Monday to
//! Friday, and what an alert would want to hear is rare.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    dead_code,
    reason = "it may fail loudly, and no test or bench uses all of it"
)]

mod calls;
mod record;

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

const ACCOUNTS: [&str; 5] = [
    "111122223333",
    "222233334444",
    "333344445555",
    "444455556666",
    "555566667777",
];
/// The first one is where AWS records the calls of its global services.
const REGIONS: [&str; 4] = ["us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-2"];

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub seed: u64,
    /// How many bytes of JSON, before compression; a file more at most.
    pub bytes: u64,
    /// How many days the records are spread over.
    pub days: u32,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub files: u64,
    /// Digest files, which hold no records.
    pub digests: u64,
    pub records: u64,
    /// Of JSON.
    pub bytes: u64,
    /// As stored.
    pub stored: u64,
}

/// Where and when a file's records come from.
#[derive(Debug, Clone, Copy)]
struct Scene {
    account: &'static str,
    region: &'static str,
    /// The last moment, in seconds since 1970.
    end: i64,
}

/// 2026-01-01, a Thursday.
const FIRST: i64 = 20_454 * 86_400;

/// Writes a corpus below a folder.
pub(crate) fn write(folder: &Path, plan: Plan) -> io::Result<Written> {
    let mut dice = Dice(plan.seed);
    let hours = hours(plan.days);
    let all: u64 = hours.iter().sum();
    let mut written = Written::default();
    let mut text = String::new();
    while written.bytes < plan.bytes {
        let scene = Scene {
            account: ACCOUNTS[dice.skewed(ACCOUNTS.len())],
            region: REGIONS[dice.skewed(REGIONS.len())],
            end: moment(
                &hours,
                all,
                written.bytes as f64 / plan.bytes as f64,
                &mut dice,
            ),
        };
        text.clear();
        text.push_str("{\"Records\":[");
        // Most files are small, a few hold megabytes.
        let wanted = 4_000 << dice.below(if plan.bytes > 20_000_000 { 10 } else { 7 });
        let mut records = 0;
        while records == 0 || text.len() < wanted {
            if records > 0 {
                text.push(',');
            }
            record::write(&mut text, scene, &mut dice);
            records += 1;
        }
        text.push_str("]}");
        written.stored += store(folder, "CloudTrail", scene, &text, &mut dice)?;
        written.bytes += text.len() as u64;
        written.records += records;
        written.files += 1;
        if written.files.is_multiple_of(20) {
            let mut digest = String::new();
            self::digest(&mut digest, scene, &mut dice);
            store(folder, "CloudTrail-Digest", scene, &digest, &mut dice)?;
            written.digests += 1;
        }
    }
    Ok(written)
}

/// How busy each hour is.
fn hours(days: u32) -> Vec<u64> {
    let busy = |hour: i64| {
        // Monday is 0; 1970 began on a Thursday.
        let weekday = (FIRST / 86_400 + hour / 24 + 3) % 7;
        let by_day = (8..18).contains(&(hour % 24));
        match (weekday < 5, by_day) {
            (true, true) => 6,
            (true, false) => 2,
            (false, _) => 1,
        }
    };
    (0..i64::from(days.max(1)) * 24).map(busy).collect()
}

/// The moment at which a part of all work is done.
fn moment(hours: &[u64], all: u64, part: f64, dice: &mut Dice) -> i64 {
    let mut left = (part * all as f64) as u64;
    let mut hour = 0;
    while hour + 1 < hours.len() && left >= hours[hour] {
        left -= hours[hour];
        hour += 1;
    }
    // Late enough for its records to lie on the first day too.
    FIRST + hour as i64 * 3600 + 900 + dice.below(2700) as i64
}

/// Writes one file and says how many bytes it takes.
fn store(folder: &Path, kind: &str, scene: Scene, text: &str, dice: &mut Dice) -> io::Result<u64> {
    let Scene {
        account,
        region,
        end,
    } = scene;
    let [year, month, day, hour, minute, second] = civil(end);
    let folder = folder.join(format!(
        "AWSLogs/{account}/{kind}/{region}/{year}/{month:02}/{day:02}"
    ));
    fs::create_dir_all(&folder)?;
    let name = if kind == "CloudTrail" {
        let unique = dice.letters(16);
        format!(
            "{account}_{kind}_{region}_{year}{month:02}{day:02}T{hour:02}{minute:02}Z_{unique}.json.gz"
        )
    } else {
        format!(
            "{account}_{kind}_{region}_everything_us-east-1_{year}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z.json.gz"
        )
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(4));
    encoder.write_all(text.as_bytes())?;
    let stored = encoder.finish()?;
    fs::write(folder.join(name), &stored)?;
    Ok(stored.len() as u64)
}

fn digest(text: &mut String, scene: Scene, dice: &mut Dice) {
    let Scene {
        account, region, ..
    } = scene;
    let time = time(scene.end);
    let _ = write!(
        text,
        "{{\"awsAccountId\":\"{account}\",\"digestStartTime\":\"{time}\",\"digestEndTime\":\"{time}\",\
         \"digestS3Bucket\":\"logs\",\"digestS3Object\":\"AWSLogs/{account}/CloudTrail-Digest/{region}/x.json.gz\",\
         \"digestPublicKeyFingerprint\":\"{}\",\"digestSignatureAlgorithm\":\"SHA256withRSA\",\
         \"newestEventTime\":\"{time}\",\"oldestEventTime\":\"{time}\",\"previousDigestS3Bucket\":null,\
         \"logFiles\":[{{\"s3Bucket\":\"logs\",\"s3Object\":\"AWSLogs/{account}/CloudTrail/{region}/y.json.gz\",\
         \"hashValue\":\"{}\",\"hashAlgorithm\":\"SHA-256\"}}]}}",
        dice.hex(32),
        dice.hex(64),
    );
}

/// Year, month, day, hour, minute, second (the Gregorian calendar, counted in years that begin in March).
fn civil(moment: i64) -> [i64; 6] {
    let (days, rest) = (
        moment.div_euclid(86_400) + 719_468,
        moment.rem_euclid(86_400),
    );
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    [year, month, day, rest / 3600, rest / 60 % 60, rest % 60]
}

fn time(moment: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(moment);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Numbers by chance, the same for the same seed (SplitMix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One time in so many.
    fn once_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// The first is most likely, each further one less.
    fn skewed(&mut self, end: usize) -> usize {
        self.below(end).min(self.below(end))
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn hex(&mut self, digits: usize) -> String {
        self.of(b"0123456789abcdef", digits)
    }

    fn letters(&mut self, count: usize) -> String {
        self.of(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            count,
        )
    }

    fn of(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut left = 0;
        let mut text = String::with_capacity(count);
        for n in 0..count {
            if n % 8 == 0 {
                left = self.next();
            }
            text.push(char::from(
                alphabet[(left & 0xff) as usize % alphabet.len()],
            ));
            left >>= 8;
        }
        text
    }
}
