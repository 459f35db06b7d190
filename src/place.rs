//! Where things live: accounts, Regions, partitions, ARNs and places, each parsed once at the edge.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What is wrong with an account id, Region, ARN or name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// An account id that does not have twelve digits.
    #[error("`{0}` is not an account id: expected 12 digits")]
    Account(String),
    /// Not of the form of a Region name.
    #[error("`{0}` is not a Region name: expected one like `eu-central-1`")]
    Region(String),
    /// Fewer than six colon-separated parts, or not starting with `arn`.
    #[error("`{0}` is not an ARN: expected `arn:partition:service:region:account:resource`")]
    Arn(String),
    /// A stack name that AWS resource names could not carry.
    #[error(
        "`{0}` is not a usable name: expected 1 to 20 lower-case letters, digits or `-`, starting with a letter"
    )]
    Stack(String),
}

/// A string type whose values are checked by `FromStr`, and by serde through it. Clones share the text: the same few
/// stand in all that is known of thousands of accounts.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as AWS spells it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = PlaceError;
            fn try_from(text: String) -> Result<Self, PlaceError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }
    };
}

checked_name!(
    /// A 12-digit AWS account id. Text, never a number: leading zeros count.
    AccountId
);
checked_name!(
    /// The name of an AWS Region, such as `us-east-1`. Only its form is checked.
    Region
);
checked_name!(
    /// An Amazon Resource Name. Only its form is checked.
    Arn
);
checked_name!(
    /// The `name:` of a rules file: it marks everything that belongs to the file.
    /// Short, because it is part of every resource name and EventBridge rule names end at 64 characters.
    StackName
);

impl FromStr for AccountId {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(PlaceError::Account(text.to_owned()))
        }
    }
}

impl FromStr for Region {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let parts: Vec<&str> = text.split('-').collect();
        let words = parts.len() >= 3
            && parts.iter().all(|p| {
                !p.is_empty()
                    && p.bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        let numbered = parts.last().is_some_and(|p| {
            !p.is_empty() && p.len() <= 2 && p.bytes().all(|b| b.is_ascii_digit())
        });
        if words && numbered && text.len() <= 32 {
            Ok(Self(text.into()))
        } else {
            Err(PlaceError::Region(text.to_owned()))
        }
    }
}

impl FromStr for Arn {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let bad = || PlaceError::Arn(text.to_owned());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", partition, service, _, _, resource]
                if !partition.is_empty()
                    && !service.is_empty()
                    && !resource.is_empty()
                    && !text.chars().any(char::is_whitespace) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(bad()),
        }
    }
}

impl FromStr for StackName {
    type Err = PlaceError;
    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let fits = (1..=20).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(PlaceError::Stack(text.to_owned()))
        }
    }
}

impl Arn {
    /// One of the six parts: 0 `arn`, 1 partition, 2 service, 3 Region, 4 account, 5 resource.
    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// The partition, such as `aws`.
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The service, such as `sqs`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The Region, or an empty string for global resources.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account id, or an empty string where the ARN carries none.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// Everything behind the account, such as `rule/name` or a queue's name.
    pub fn resource(&self) -> &str {
        self.part(5)
    }
}

/// A group of Regions with accounts, names and endpoints of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Partition {
    /// The commercial Regions, whose ARNs begin with `arn:aws:`.
    Commercial,
    /// The Regions in China.
    China,
    /// The Regions for the government of the United States.
    UsGovernment,
}

impl Partition {
    /// The name that ARNs give it, such as `aws-cn`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Commercial => "aws",
            Self::China => "aws-cn",
            Self::UsGovernment => "aws-us-gov",
        }
    }

    /// How the names of the endpoints of its services end.
    pub fn dns_suffix(self) -> &'static str {
        match self {
            Self::Commercial | Self::UsGovernment => "amazonaws.com",
            Self::China => "amazonaws.com.cn",
        }
    }

    /// The host of its console, behind the Region. Source: the pages for signing in to AWS GovCloud (US) and to Amazon
    /// Web Services in China.
    pub fn console(self) -> &'static str {
        match self {
            Self::Commercial => "console.aws.amazon.com",
            Self::China => "console.amazonaws.cn",
            Self::UsGovernment => "console.amazonaws-us-gov.com",
        }
    }

    /// The Region in which the events of global services appear. Source: CloudTrail, global service events.
    pub fn global_region(self) -> Region {
        Region(
            match self {
                Self::Commercial => "us-east-1",
                Self::China => "cn-north-1",
                Self::UsGovernment => "us-gov-west-1",
            }
            .into(),
        )
    }

    /// The Regions that every account has enabled; all others are enabled by hand.
    /// Source: Account Management reference, `manage-acct-regions`.
    pub fn default_regions(self) -> BTreeSet<Region> {
        let names: &[&str] = match self {
            Self::Commercial => BY_DEFAULT,
            Self::China => &["cn-north-1", "cn-northwest-1"],
            Self::UsGovernment => &["us-gov-east-1", "us-gov-west-1"],
        };
        names.iter().map(|name| Region((*name).into())).collect()
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// The commercial Regions that every account has enabled.
const BY_DEFAULT: &[&str] = &[
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

impl Region {
    /// The Region of the same partition in which the events of global services appear: `us-east-1` in the
    /// commercial one.
    pub fn global(&self) -> Self {
        self.partition().global_region()
    }

    /// The partition that the Region belongs to.
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("cn-") {
            Partition::China
        } else if self.0.starts_with("us-gov-") {
            Partition::UsGovernment
        } else {
            Partition::Commercial
        }
    }
}

/// Region names without their number, each with its highest number, of all partitions. Source: AWS Regions,
/// `regions.html`.
const AREAS: &[(&str, u8)] = &[
    ("af-south", 1),
    ("ap-east", 2),
    ("ap-northeast", 3),
    ("ap-south", 2),
    ("ap-southeast", 7),
    ("ca-central", 1),
    ("ca-west", 1),
    ("cn-north", 1),
    ("cn-northwest", 1),
    ("eu-central", 2),
    ("eu-north", 1),
    ("eu-south", 2),
    ("eu-west", 3),
    ("il-central", 1),
    ("me-central", 1),
    ("me-south", 1),
    ("mx-central", 1),
    ("sa-east", 1),
    ("us-east", 2),
    ("us-gov-east", 1),
    ("us-gov-west", 1),
    ("us-west", 2),
];

impl Region {
    /// The name of every Region that this release knows.
    pub fn all_known() -> impl Iterator<Item = String> {
        AREAS.iter().flat_map(|(area, highest)| {
            (1..=*highest).map(move |number| format!("{area}-{number}"))
        })
    }

    /// The name without its number, and the number.
    fn parts(&self) -> Option<(&str, &str)> {
        self.0.rsplit_once('-')
    }

    /// Whether it lies in an area in which AWS is known to have Regions.
    pub fn is_known(&self) -> bool {
        let area = self.parts().map(|(area, _)| area);
        area.is_some_and(|area| AREAS.iter().any(|(known, _)| *known == area))
    }

    /// The Region that was probably meant, where no area has this one's name and one has nearly that.
    /// An area that is unlike all others may be new, and is taken as it is.
    pub fn misspelt(&self) -> Option<String> {
        let (area, number) = self.parts()?;
        if self.is_known() {
            return None;
        }
        let (distance, known, highest) = AREAS
            .iter()
            .map(|(known, highest)| (strsim::osa_distance(known, area), known, highest))
            .min()?;
        let opened = number
            .parse()
            .is_ok_and(|number: u8| (1..=*highest).contains(&number));
        let number = if opened {
            number.to_owned()
        } else {
            highest.to_string()
        };
        (distance <= 2).then(|| format!("{known}-{number}"))
    }

    /// The Region of the same area with the highest number, where this one's number is higher: AWS may have opened it
    /// since, or it is a slip.
    pub fn beyond(&self) -> Option<String> {
        let (area, number) = self.parts()?;
        let (_, highest) = AREAS.iter().find(|(known, _)| *known == area)?;
        let opened = number
            .parse()
            .is_ok_and(|number: u8| (1..=*highest).contains(&number));
        (!opened).then(|| format!("{area}-{highest}"))
    }
}

/// Where a resource lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Once per account: IAM.
    Global {
        /// The account that the resource belongs to.
        account: AccountId,
    },
    /// In one Region of one account.
    Regional {
        /// The account that the resource belongs to.
        account: AccountId,
        /// The Region that the resource is in.
        region: Region,
    },
}

impl Place {
    /// The account that the place belongs to.
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Global { account } | Self::Regional { account, .. } => account,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global { account } => write!(f, "{account}"),
            Self::Regional { account, region } => write!(f, "{account}/{region}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_at_the_edge() {
        assert!("111122223333".parse::<AccountId>().is_ok());
        assert!("11112222333".parse::<AccountId>().is_err());
        for good in [
            "us-east-1",
            "ap-southeast-2",
            "us-gov-west-1",
            "ca-isob-northsouth-1",
        ] {
            assert!(good.parse::<Region>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "us-east",
            "US-EAST-1",
            "us_east_1",
            "europe",
            "us-east-1a",
        ] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
        let arn: Arn = "arn:aws:sns:us-east-1:111122223333:a:b".parse().unwrap();
        assert_eq!(
            (arn.service(), arn.region(), arn.account(), arn.resource()),
            ("sns", "us-east-1", "111122223333", "a:b")
        );
        assert!("arn:aws:sns".parse::<Arn>().is_err());
        let guess = |name: &str| name.parse::<Region>().unwrap().misspelt();
        assert_eq!(guess("us-esat-1").as_deref(), Some("us-east-1"));
        assert_eq!(guess("eu-centrl-1").as_deref(), Some("eu-central-1"));
        assert_eq!(guess("eu-central-1"), None);
        let known = |name: &str| name.parse::<Region>().unwrap().is_known();
        assert!(known("ap-southeast-2") && !known("apiso-east-1"));
        assert_eq!(guess("ca-isob-northsouth-1"), None);
        let beyond = |name: &str| name.parse::<Region>().unwrap().beyond();
        assert_eq!(beyond("us-east-9").as_deref(), Some("us-east-2"));
        assert_eq!(beyond("eu-north-0").as_deref(), Some("eu-north-1"));
        assert_eq!(beyond("ap-southeast-7"), None);
        assert_eq!(beyond("apiso-east-1"), None);
        let commercial = Partition::Commercial.default_regions();
        let all: Vec<String> = Region::all_known().collect();
        assert!(
            commercial
                .iter()
                .all(|region| all.contains(&region.to_string()))
        );
        let partition = |name: &str| name.parse::<Region>().unwrap().partition();
        assert_eq!(partition("cn-north-1").to_string(), "aws-cn");
        assert_eq!(
            partition("us-gov-east-1").global_region().as_str(),
            "us-gov-west-1"
        );
        assert_eq!(partition("eu-central-1").default_regions().len(), 17);
        assert!("acme".parse::<StackName>().is_ok());
        assert!("Acme".parse::<StackName>().is_err());
    }
}
