//! Every code that a diagnostic can carry, each explained once; `codes.txt` shows what is wrong and what is right.

/// A stable code with its explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `E0101` or `W0701`.
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

/// The code of that id, in capital letters or not.
pub fn find(id: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// The code that was probably meant.
pub fn near(id: &str) -> Option<&'static Code> {
    let id = id.to_uppercase();
    // The letter may be the other one.
    let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
    let other = ALL
        .iter()
        .find(|code| !digits.is_empty() && code.id.get(1..) == Some(digits));
    other.or_else(|| {
        let near = super::nearest::nearest(&id, ALL.iter().map(|code| code.id))?;
        find(near)
    })
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
    PLACE "E0302" "An account id, Region, ARN or stack name has not the form that AWS gives it."
    ADDRESS "E0303" "The address of a channel has not the form that SNS accepts."
    CHANNEL_KIND "E0304" "A channel names exactly one kind: where its alerts go."
    CHANNEL_NAME "E0305" "Channel names are parts of AWS resource names: lower-case letters, digits and `-`, at most 32 characters."
    INCLUDE "E0306" "An include names files inside the folder of the rules file; they hold rules only."
    AWS_NAME "E0307" "The name of a trail, bucket or key has not the form that AWS gives it."
    EMPTY_FILTER "E0308" "A filter that names no account, unit or tag would leave nothing to watch."
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
    NEVER_MATCHES "E0419" "The raw pattern can match nothing: every alternative of a field is a name or a value that no event has, or holds a `*` that is an ordinary character outside `wildcard`, or a field is tested where no event has it. W0704, W0710, W0713, W0714, W0716, W0719 and W0723 say the same of what may still match."
    UNKNOWN_CHANNEL "E0501" "No channel of that name stands under `channels`."
    NOBODY_HEARS "E0502" "A rule that is enabled has no channel: its alerts would reach nobody."
    NOT_YET "E0601" "The rules language has this, but this release does not carry it out; it is refused rather than ignored."
    INEXPRESSIBLE "E0801" "An event pattern cannot say this: it tests a field once, and not every test has an opposite. The rule is refused rather than made to fire on something else."
    OVER_LENGTH "E0802" "A rule's event pattern is longer than EventBridge takes, and cannot be split by names of events and services."
    RAW_REFUSED "E0803" "EventBridge would refuse the raw pattern, or read it otherwise than it looks."
    COMPILED_REFUSED "E0804" "EventBridge would refuse the pattern that the rule compiles to."
    IMPOSSIBLE "E0805" "No event can satisfy the rule: its events, `when` and `unless` exclude each other."
    OVER_QUOTA "E0806" "More event rules would stand on one event bus than EventBridge lets stand there."
    CANNOT_FIRE "E0807" "By what CloudTrail writes into every record no event can satisfy this rule, although the pattern is valid: all of its events, or a condition in each alternative of `when`, have a name or a value that no event has. W0704, W0710, W0712, W0716, W0719 and W0723 say the same of what may still fire."
    NOT_ENABLED "E0901" "A Region that is to be listened to is not enabled in the account, or it cannot be told which are."
    TEST_FAILS "E1001" "The test of a rule expects one thing, and the rule does another: correct whichever is wrong."
    TEST_NEVER_PASSES "E1002" "The test expects a match, and the rule is not about events of that name and service at all."
    TEST_NO_EVENT "E1003" "The event of a test cannot be made as the test says, or EventBridge would not take it."
    UNUSED_CHANNEL "W0701" "No rule and no line of `notify` sends anything to this channel."
    HIDES_CATALOGUE "W0703" "A rule of your own has the id of a catalogue rule, which readers will take it for."
    FIELD_NAME "W0704" "CloudTrail events have no such field at this place: one with a similar name may be meant, or one of this name elsewhere. A test may also set one that the caller it makes with `as` does not have."
    SERVICE_NAME "W0705" "No event source of that name is known."
    NO_RULES "W0706" "The file has no rules: nothing is watched."
    ONE_WATCH "W0707" "Tampering with the alerting is watched by two rules on two channels, so that whoever silences one is told of by the other."
    EVENT_NAME "W0710" "No event has this name, or none fits the glob, as far as the API models know that this release was made with: the rule would never hear of it."
    EVENT_DATED "W0711" "Lambda records its older operations with the date of the API's version behind their names, so that the bare name matches nothing."
    RECORDED_AS "W0712" "CloudTrail records this operation under another name, or does not record it because it is a permission and no call."
    LITERAL_STAR "W0713" "Here a `*` is an ordinary character: EventBridge knows wildcards in `wildcard` only. The pattern `Add*` matches the text `Add*` and nothing else."
    WRONG_LEVEL "W0714" "A raw pattern tests a field at a level at which events do not have it: CloudTrail's record stands under `detail`, what EventBridge adds stands beside it."
    MFA_CASE "W0715" "CloudTrail writes `Yes` and `No` into `MFAUsed`, but `YES` for the root user, and EventBridge compares case-sensitively."
    OTHER_VALUE "W0716" "CloudTrail writes this value otherwise: in another case, as text where a boolean stands in the rule or the other way round, with a domain or a path or without, as an ARN, or as a single address where a block of them stands in the rule."
    NEEDS_PRESENCE "W0717" "`not` under `when` holds only where the field is there, and not every event has this one: roles have no `userName`, only services' calls have `invokedBy`, and what succeeds has no `errorCode`. The same goes for `anything-but` in a raw pattern."
    NEVER_SILENCES "W0718" "The exception can never apply to an event that the rule hears of, so that it silences nothing."
    DETAIL_TYPE "W0719" "No event has this `detail-type`, but one with a similar name."
    TWO_SERVICES "W0720" "The envelope's `source` and CloudTrail's `eventSource` name the same service: `aws.iam` and `iam.amazonaws.com`. A pattern with two services matches nothing."
    USED_TWICE "W0721" "The same rule of the catalogue is used twice, and only one of the two counts: what the other one says is lost, or it says nothing new."
    ROLE_ARN "W0722" "A role and its sessions have two ARNs: `userIdentity.arn` is that of the session (`arn:aws:sts::…:assumed-role/NAME/SESSION`, without the role's path), `userIdentity.sessionContext.sessionIssuer.arn` that of the role (`arn:aws:iam::…:role/PATH/NAME`). One never equals the other."
    PARAMETER "W0723" "None of the calls that the rule is about has such a parameter, as far as the API models know, and one has nearly that name. CloudTrail writes parameters with a lower-case first letter."
    NEVER_FIRES "W0801" "By what CloudTrail is known to write into its records no event satisfies this rule, although the pattern is valid."
    DUPLICATE_ALERT "W0802" "One event makes two of your rules alert the same readers with the same severity, so that they are told twice. The event that is shown was tried on both patterns."
    FEDERATED "W0803" "Federated and Identity Center sign-ins say `MFAUsed: No` although the identity provider asked for a second factor: a rule about missing second factors must be limited to IAM users and root."
    NOT_IN_GLOBAL_REGION "W0804" "The events of IAM, Organizations, Route 53, CloudFront and Account Management, and the sign-ins of root, appear in us-east-1 only. A rule that is limited to other Regions never hears of them."
    SIGN_IN_REGIONS "W0805" "IAM users sign in at an endpoint of some Region, which need not be one that is watched: sign-in rules belong in every Region."
    FEEDBACK "W0806" "The rule fires on calls that alerting itself makes, so that each alert can cause the next one: EventBridge assumes a role to forward an event, and asks for the key of an encrypted topic."
    NEAR_QUOTA "W0807" "Little is left of a quota of EventBridge."
    TEST_SHOWS_NOTHING "W1001" "A test sets what an exception of its rule looks at, and the rule would not fire without that exception either: the test passes for another reason."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_order_and_each_is_used_once() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
        for code in ALL {
            assert!(
                code.id.starts_with(['E', 'W']) && code.id.len() == 5,
                "{}",
                code.id
            );
            assert!(code.explanation.ends_with('.'));
        }
    }
}
