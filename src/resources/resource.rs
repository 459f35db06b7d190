//! One AWS thing of whatever kind: what is wanted, and what is live.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::{Facts, Managed, Size};
use super::kinds::{Kind, kinds};
use super::model::{Owner, ResourceKey};
use crate::aws::Call;
use crate::place::Place;

macro_rules! resource {
    ($($(#[$doc:meta])* $kind:ident $word:literal $room:ident::$type:ident;)*) => {
        /// One AWS thing that iamwatch manages.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum Resource {
            $($(#[$doc])* $kind(super::$room::$type),)*
        }

        impl Resource {
            /// What it is.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                }
            }

            fn managed(&self) -> &dyn Managed {
                match self {
                    $(Self::$kind(resource) => resource,)*
                }
            }
        }

        impl Kind {
            /// What is known of the kind.
            pub fn facts(self) -> &'static Facts {
                match self {
                    $(Self::$kind => &super::$room::FACTS,)*
                }
            }
        }

        /// A resource as it is and as it is to be: both of one kind.
        #[derive(Debug, Clone, Copy)]
        pub enum Pair<'a> {
            $(
                $(#[$doc])*
                $kind(&'a super::$room::$type, &'a super::$room::$type),
            )*
        }

        impl<'a> Pair<'a> {
            /// The two together; `None` if they are not of one kind.
            pub fn of(before: &'a Resource, after: &'a Resource) -> Option<Self> {
                match (before, after) {
                    $((Resource::$kind(before), Resource::$kind(after)) => {
                        Some(Self::$kind(before, after))
                    })*
                    _ => None,
                }
            }

            /// The writes that turn the one into the other.
            pub fn updated(self) -> Vec<&'static Call> {
                match self {
                    $(Self::$kind(before, after) => before.updated(after),)*
                }
            }
        }
    };
}
kinds!(resource);

impl Resource {
    /// Where and what it is.
    pub fn key(&self, place: &Place) -> ResourceKey {
        ResourceKey::new(place, self.kind(), self.managed().name())
    }

    /// What must exist before this resource, which stands at `place`.
    pub fn needs(&self, place: &Place) -> Vec<ResourceKey> {
        self.managed().needs(place)
    }

    /// What a new resource is about, in a line or three.
    pub fn description(&self) -> Vec<String> {
        self.managed().description()
    }

    /// What AWS limits of it alone.
    pub fn sizes(&self) -> Vec<Size> {
        self.managed().sizes()
    }

    /// The writes that create it.
    pub fn created(&self) -> Vec<&'static Call> {
        self.managed().created()
    }

    /// The writes that delete it.
    pub fn deleted(&self) -> Vec<&'static Call> {
        self.managed().deleted()
    }
}

/// A resource as AWS has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Which resource it is.
    pub key: ResourceKey,
    /// The resource in its canonical form.
    pub resource: Resource,
    /// Whom the resource belongs to.
    pub owner: Owner,
    /// What AWS calls it where the key does not say: a queue's URL, a subscription's ARN.
    pub handle: Option<String>,
    /// The policy statements of others, on a bus. They left before the comparison.
    #[serde(skip)]
    pub foreign: Vec<Value>,
}

impl Live {
    pub(super) fn new(
        place: &Place,
        resource: Resource,
        owner: Owner,
        handle: Option<String>,
    ) -> Self {
        Self {
            key: resource.key(place),
            resource,
            owner,
            handle,
            foreign: Vec::new(),
        }
    }
}
