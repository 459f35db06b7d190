//! The codes of what is wrong with the form of a rules file, with what it compiles to and with its tests. Lints have
//! theirs beside them. `codes.txt` shows what is wrong and what is right.

/// A stable code with its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code itself, such as `E0101` or `W0701`.
    pub id: &'static str,
    /// What it means and why it is refused: one or two sentences.
    pub explanation: &'static str,
}

/// An example of wrong and right for each code: its id, `wrong`, lines, `right`, lines.
const EXAMPLES: &str = include_str!("codes.txt");

impl Code {
    /// Part of a rules file, or a command line behind `$`, that has the problem.
    pub fn wrong(&self) -> Option<&'static str> {
        self.example().map(|(wrong, _)| wrong)
    }

    /// The part of a rules file of [`Code::wrong`], or the command line, without the problem.
    pub fn right(&self) -> Option<&'static str> {
        self.example().map(|(_, right)| right)
    }

    fn example(&self) -> Option<(&'static str, &'static str)> {
        let begin = format!("{}\nwrong\n", self.id);
        let (_, rest) = EXAMPLES.split_once(&begin)?;
        let (wrong, rest) = rest.split_once("\nright\n")?;
        let end = rest.find("\nwrong\n").map_or(rest.len(), |at| {
            // Before the next id.
            rest.get(..at)
                .and_then(|before| before.rfind('\n'))
                .unwrap_or(at)
        });
        Some((wrong, rest.get(..end).unwrap_or(rest).trim_end()))
    }
}

macro_rules! codes {
    ($($name:ident $id:literal $text:literal)*) => {
        $(
            #[doc = $text]
            pub const $name: Code = Code { id: $id, explanation: $text };
        )*
        /// The whole table, in order of the ids.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    UNREADABLE "E0101" "The file cannot be read: it is missing, is not a regular file, or reading it is not permitted."
    TOO_LARGE "E0102" "A file is larger than 1 MiB, or all files together are larger than 8 MiB. A rules file is text that people read: something else was probably named."
    NOT_UTF8 "E0103" "The file is not UTF-8 text."
    NOT_YAML "E0104" "The text is not YAML 1.2; the place is where the parser could not go on."
    TOO_COMPLEX "E0105" "The file nests too deeply or holds too many values."
    YAML_FEATURE "E0106" "Anchors, aliases, merge keys and tags are refused, so that what stands in the file is what holds."
    UNQUOTED_STAR "E0107" "YAML reads a value that begins with `*` as an alias unless it is in quotes."
    DOCUMENTS "E0108" "A file holds one YAML document."
    EMPTY "E0109" "The file holds nothing."
    TOO_MANY "E0110" "There are more problems than are worth showing at once."
    UNKNOWN_KEY "E0201" "The key is not one of those that this map knows."
    DUPLICATE_KEY "E0202" "A map holds the same key twice; YAML would silently keep one of them."
    MISSING_KEY "E0203" "A key that this map needs is not there."
    WRONG_TYPE "E0204" "The value is of another kind than the key needs."
    NUMBER_AS_TEXT "E0205" "Digits without quotes are a number to YAML: leading zeros go, and AWS compares text, not numbers."
    YAML_WORD "E0206" "YAML 1.1 reads yes, no, on, off, y and n without quotes as booleans, and tools differ: as names they need quotes."
    NOT_ONE_OF "E0207" "The value is not one of the words that the key takes."
    EMPTY_VALUE "E0208" "A list, map or text that must hold something is empty."
    VERSION "E0301" "The version of the rules language is not one that this release reads."
    PLACE "E0302" "An account id, Region, ARN or stack name has not the form that AWS gives it, or names what cannot be used from home."
    ADDRESS "E0303" "The address of a channel has not the form that SNS accepts."
    CHANNEL_KIND "E0304" "A channel names exactly one kind: where its alerts go."
    CHANNEL_NAME "E0305" "Channel names are parts of AWS resource names: lower-case letters, digits and `-`, at most 32 characters."
    INCLUDE "E0306" "An include names files inside the folder of the rules file; they hold rules only."
    AWS_NAME "E0307" "The name of a trail, bucket, key, policy or resource has not the form that AWS gives it."
    EMPTY_FILTER "E0308" "A filter that names no account, unit or tag would leave nothing to watch."
    TOPIC "E0309" "No rule at home can publish to the topic: it must be in home's Region and account, and no FIFO topic."
    RULE_ID "E0401" "Rule ids are parts of AWS resource names: lower-case letters, digits, `-` and `/`, at most 64 characters."
    TITLE "E0402" "A title is what a person reads first on a phone: one printable line of at most 120 characters."
    DUPLICATE_ID "E0403" "Two rules have the same id."
    UNKNOWN_RULE "E0404" "The catalogue holds no rule or pack of that id."
    EXCEPT "E0405" "`except` takes rules out of a pack, so it names rules that the pack holds."
    USE "E0406" "A rule either uses the catalogue (`use`) or is your own (`id`); each has its own keys."
    TRIGGER "E0407" "A rule says what fires it exactly once: `events` (with conditions) or `pattern`."
    EVENT "E0408" "An event is `service:EventName`, the service being CloudTrail's eventSource without `.amazonaws.com`."
    EVENT_SOURCE "E0409" "CloudTrail records the service under another name."
    PATH "E0410" "A condition's key is a path under `detail` of the event, its parts joined by dots."
    INSIDE "E0411" "Of two conditions in one map one asks about a field inside the other's field: no event can satisfy both."
    CONDITION "E0412" "The condition is not one that an event pattern can express."
    NUMBER "E0413" "A numeric condition is a number, or a comparison such as `>= 3` or `> 0 and <= 5`."
    CIDR "E0414" "A `cidr` condition is a block of IPv4 or IPv6 addresses such as `10.0.0.0/8`."
    PATTERN "E0415" "A raw pattern is a JSON object of lists that pins `source`: without that it would swallow events of everything on the bus."
    USE_CONDITION "E0416" "The conditions of a `use` narrow those of the catalogue's rule; the two cannot speak about the same field."
    TEST "E0417" "A test is about one event: `like` makes a realistic one of an API, `event` holds one, `file` names one."
    TEST_EVENT "E0418" "The event of a test is JSON: one event as EventBridge has it, or one record as CloudTrail writes it."
    ACCEPT "E0420" "`accept` holds codes of warnings, each with the reason why the rule accepts it. An error cannot be accepted."
    UNKNOWN_CHANNEL "E0501" "No channel of that name stands under `channels`."
    NOBODY_HEARS "E0502" "A rule that is enabled has no channel: its alerts would reach nobody."
    TOO_MANY_CHANNELS "E0503" "A rule has at most five channels: each is a target of its EventBridge rules, which take no more."
    SECRET "E0504" "A secret of a channel is the whole text `${env:NAME}`, the name of a variable that holds it when a command runs. The secret itself stands in no file."
    NO_SECRET "E0505" "`${env:NAME}` stands for secrets of channels alone. Everything else is written in the file, so that plan and file say the same."
    SERVICE "E0506" "What a channel says of its service has not the form that the service has."
    LOGIN "E0507" "A channel whose receiver takes several kinds of logins has exactly one of them."
    CHANNEL_FORMAT "E0508" "How a service is told follows from the service: `format` is for channels that take JSON or text."
    DISPATCHER "E0509" "The rules file says something that only the dispatcher carries out, and has none: it would be ignored."
    FALLBACK "E0510" "With the dispatcher one channel hears of whatever another one did not take: mail, SMS, or a topic, for people."
    ZONE "E0511" "A time zone has a name of the time zone database, such as `Europe/Berlin`."
    WORDS "E0512" "What an alert says besides what happened does not have its form: `description`, `runbook` or `headline`."
    NOT_YET "E0601" "The rules language has this, but this release does not carry it out; it is refused rather than ignored."
    INEXPRESSIBLE "E0801" "An event pattern cannot say this: it tests a field once, and not every test has an opposite. The rule is refused rather than made to fire on something else."
    OVER_LENGTH "E0802" "A rule's event pattern is longer than EventBridge takes, and cannot be split by names of events and services."
    RAW_REFUSED "E0803" "EventBridge would refuse the raw pattern, or read it otherwise than it looks."
    COMPILED_REFUSED "E0804" "EventBridge would refuse the pattern that the rule compiles to."
    IMPOSSIBLE "E0805" "No event can satisfy the rule: its events, `when` and `unless` exclude each other."
    LONG_WORDS "E0808" "With an event EventBridge hands on at most 8,192 characters of what the rules file says of a rule: title, `description`, `runbook`, `headline` and channels."
    NOT_ENABLED "E0901" "A Region that is to be listened to is not enabled in the account, or it cannot be told which are."
    TEST_FAILS "E1001" "The test of a rule expects one thing, and the rule does another: correct whichever is wrong."
    TEST_NEVER_PASSES "E1002" "The test expects a match, and the rule is not about events of that name and service at all."
    TEST_NO_EVENT "E1003" "The event of a test cannot be made as the test says, or EventBridge would not take it."
    UNUSED_CHANNEL "W0701" "No rule and no line of `notify` sends anything to this channel."
    HIDES_CATALOGUE "W0703" "A rule of your own has the id of a catalogue rule, which readers will take it for."
    NO_RULES "W0706" "The file has no rules: nothing is watched."
    ONE_WATCH "W0707" "Tampering with the alerting is watched by two rules on two channels, so that whoever silences one is told of by the other."
    RECORDED_TWICE "W0708" "A trail is told twice to record the same data events: the second time adds nothing."
    USED_TWICE "W0721" "The same rule of the catalogue is used twice, and only one of the two counts: what the other one says is lost, or it says nothing new."
}
