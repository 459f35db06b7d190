//! What can be wrong with a pattern or an event. Messages follow the `Reason` that EventBridge
//! prints behind "Event pattern is not valid. Reason:".

use thiserror::Error;

use super::json::{JsonError, Position};
use super::limits::{MAX_COMBINATIONS, MAX_COMPLEXITY, MAX_FIELDS, MAX_PATTERN_LENGTH};

/// Why a text is not an event pattern, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{cause} (line {}, column {})", position.line, position.column)]
pub struct PatternError {
    /// What is wrong with the pattern.
    #[source]
    pub cause: Cause,
    /// Where, in the text that was parsed.
    pub position: Position,
}

impl PatternError {
    /// What to write instead, where that is known.
    pub fn help(&self) -> Option<String> {
        self.cause.help()
    }
}

/// An error and its byte offset.
pub(super) type At<T> = Result<T, (Cause, usize)>;

/// What is wrong with an event pattern: one variant for each cause.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// The text is not JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Longer than the API takes.
    #[error("the event pattern has {0} characters; EventBridge takes at most {MAX_PATTERN_LENGTH}")]
    TooLong(usize),
    /// The outermost value is not an object.
    #[error("Filter is not an object")]
    NotAnObject,
    /// An empty object (`{}`) where fields are expected.
    #[error("Empty objects are not allowed")]
    EmptyObject,
    /// `[]` as the values of a field, or in `anything-but`.
    #[error("Empty arrays are not allowed")]
    EmptyArray,
    /// A field whose value is neither an object nor an array.
    #[error("\"{0}\" must be an object or an array")]
    BareValue(String),
    /// An array inside an array of values.
    #[error("Match value must be String, number, true, false, or null")]
    NestedArray,
    /// `{}` among the values of a field.
    #[error("Match expression name not found")]
    NoOperator,
    /// An operator that does not exist.
    #[error("Unrecognized match type {0}")]
    UnknownOperator(String),
    /// More than one operator in an expression.
    #[error("Only one key allowed in match expression")]
    SecondKey,
    /// An operator that takes a string has something else.
    #[error("{0} match pattern must be a string")]
    NotAString(&'static str),
    /// `prefix` or `suffix` around another operator than `equals-ignore-case`.
    #[error("Unsupported {operator} pattern: {found}")]
    UnsupportedInner {
        /// The outer operator, such as `prefix`.
        operator: &'static str,
        /// The name of the inner operator, as it is written.
        found: String,
    },
    /// `{ "prefix": {} }` and the like.
    #[error("{0} expression name not found")]
    NoInnerOperator(&'static str),
    /// `exists` with something else than true or false.
    #[error("exists match pattern must be either true or false.")]
    ExistsValue,
    /// `anything-but` with null, a boolean or a deeper object.
    #[error("Value of anything-but must be an array or single string/number value.")]
    AnythingButValue,
    /// A list in `anything-but` with something else than strings and numbers.
    #[error("Inside anything but list, start|null|boolean is not supported.")]
    AnythingButMember,
    /// Strings and numbers in one `anything-but`, or neither.
    #[error(
        "Inside anything but list, either all values are number or string, mixed type is not supported"
    )]
    AnythingButMixed,
    /// Something else than strings in `anything-but` with `equals-ignore-case`.
    #[error(
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
    )]
    AnythingButCase,
    /// `""` in `anything-but` with `prefix` or `suffix`.
    #[error("Null prefix/suffix not allowed")]
    EmptyAffix,
    /// `numeric` without a list.
    #[error("Value of numeric must be an array.")]
    NumericList,
    /// `numeric` whose list does not start with an operator.
    #[error("Invalid member in numeric match: {0}")]
    NumericMember(String),
    /// An operator that `numeric` does not know.
    #[error("Unrecognized numeric range operator: {0}")]
    NumericOperator(String),
    /// An operator that is not followed by a number.
    #[error("Value of {0} must be numeric")]
    NumericValue(String),
    /// The second operator of a range is none of `<` and `<=`.
    #[error("Bad numeric range operator: {0}")]
    RangeOperator(String),
    /// Something else than an operator behind the lower bound.
    #[error("Bad value in numeric range: {0}")]
    RangeMember(String),
    /// Too much in `numeric`.
    #[error("Too many elements in numeric expression")]
    NumericExtra,
    /// A numeric range that no number lies in.
    #[error("Bottom must be less than top")]
    EmptyRange,
    /// A number that cannot be compared exactly.
    #[error("Cannot compare number : {0}")]
    Incomparable(String),
    /// A CIDR block without, or with more than, one slash.
    #[error("Malformed CIDR, one '/' required")]
    CidrSlash,
    /// A CIDR block whose mask is not an integer.
    #[error("Malformed CIDR, mask bits must be an integer")]
    CidrBits,
    /// A CIDR block with a negative mask.
    #[error("Malformed CIDR, mask bits must not be negative")]
    CidrNegative,
    /// A CIDR block of IPv4 whose mask has 32 bits or more.
    #[error("IPv4 mask bits must be < 32")]
    CidrWide4,
    /// A CIDR block of IPv6 whose mask has 128 bits or more.
    #[error("IPv6 mask bits must be < 128")]
    CidrWide6,
    /// Not an address literal.
    #[error("Nonstandard IP address: {0}")]
    Address(String),
    /// Two stars in a row (`**`) in a `wildcard` text.
    #[error("Consecutive wildcard characters at pos {0}")]
    ConsecutiveWildcards(usize),
    /// A backslash before something else than `*` and `\`.
    #[error("Invalid escape character at pos {0}")]
    WildcardEscape(usize),
    /// `$or` without a list.
    #[error("It must be an Array followed with $or.")]
    OrList,
    /// Something else than objects in `$or`.
    #[error("Only JSON object is allowed in array of $or relationship.")]
    OrMember,
    /// `$or` with fewer than two branches.
    #[error("There must have at least 2 Objects in $or relationship.")]
    OrShort,
    /// A field inside `$or` that is named like an operator.
    #[error("{0} is Ruler reserved fieldName which cannot be used inside $or.")]
    OrReserved(String),
    /// `$or`s whose branches multiply beyond the limit.
    #[error("the $or branches make more than {MAX_COMBINATIONS} combinations")]
    TooManyCombinations,
    /// More fields than a rule takes.
    #[error("the event pattern has more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// Wildcards that could be followed in too many ways at once.
    #[error(
        "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character"
    )]
    TooComplex,
}

impl Cause {
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::BareValue(name) => {
                format!("a pattern lists the accepted values: write \"{name}\": [value]")
            }
            Self::EmptyArray => {
                "to match a field that is absent or empty write [{ \"exists\": false }]".to_owned()
            }
            Self::UnknownOperator(name) => {
                let near = OPERATORS
                    .iter()
                    .find(|known| strsim::damerau_levenshtein(known, &name.to_lowercase()) <= 2)?;
                format!("did you mean \"{near}\"?")
            }
            Self::CidrWide4 | Self::CidrWide6 => {
                "to match one address write it as a plain string".to_owned()
            }
            Self::WildcardEscape(_) => {
                "in a wildcard only `\\*` and `\\\\` are escapes; in JSON write each backslash twice"
                    .to_owned()
            }
            Self::ConsecutiveWildcards(_) => "one `*` already stands for any characters".to_owned(),
            Self::TooComplex => format!(
                "at most {MAX_COMPLEXITY} wildcard positions may be open at once; use prefix or suffix where they suffice"
            ),
            Self::TooLong(_) => "split the pattern over several rules".to_owned(),
            Self::OrReserved(name) => format!("\"{name}\" belongs inside the list of a field"),
            _ => return None,
        })
    }
}

/// The operators that stand in a field's list.
pub(super) const OPERATORS: [&str; 9] = [
    "prefix",
    "suffix",
    "equals-ignore-case",
    "anything-but",
    "numeric",
    "cidr",
    "exists",
    "wildcard",
    "exactly",
];

/// Why a text is not an event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EventError {
    /// The text is not JSON.
    #[error("{cause} (line {}, column {})", position.line, position.column)]
    Json {
        /// What is wrong with the JSON.
        #[source]
        cause: JsonError,
        /// Where it stands, in the text that was parsed.
        position: Position,
    },
    /// The outermost value is not an object.
    #[error("Event must be a JSON object")]
    NotAnObject,
}
