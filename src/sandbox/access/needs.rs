//! What a call needs: the actions it is called in IAM, the resources they are on, and whether it
//! changes anything.

use serde_json::Value;

use crate::sandbox::wire::ApiError;

/// What a call may do to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// Looks at messages and objects: CloudTrail does not record it as a management event.
    ReadData,
    /// Sends or deletes messages and events: not a management event either.
    WriteData,
}

impl Access {
    /// Whether CloudTrail has no management event of it.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, Self::ReadData | Self::WriteData)
    }

    /// Whether it can change anything.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Write | Self::WriteData)
    }
}

/// What a call needs.
#[derive(Debug, Clone)]
pub(crate) struct Needs {
    pub(crate) access: Access,
    /// Action and resource ARN.
    pub(crate) permissions: Vec<(String, String)>,
    /// Whether it makes what the resource names, so that what has the name already is not asked.
    pub(crate) creates: bool,
}

impl Needs {
    /// A call that needs no permission.
    pub(crate) fn nothing(access: Access) -> Self {
        Self {
            access,
            permissions: Vec::new(),
            creates: false,
        }
    }

    /// A call that needs one action on one resource.
    pub(crate) fn one(access: Access, action: String, resource: String) -> Self {
        Self::nothing(access).and(action, resource)
    }

    /// The call needs this action too.
    pub(crate) fn and(mut self, action: String, resource: String) -> Self {
        self.permissions.push((action, resource));
        self
    }

    /// The call needs this action too, if it does what needs it.
    pub(crate) fn and_if(self, does: bool, action: &str, resource: &str) -> Self {
        match does {
            true => self.and(action.to_owned(), resource.to_owned()),
            false => self,
        }
    }

    /// Whoever gives roles to a service must be allowed to pass them.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>
    pub(crate) fn and_pass<'r>(mut self, roles: impl Iterator<Item = &'r str>) -> Self {
        let passed = roles.map(|role| ("iam:PassRole".to_owned(), role.to_owned()));
        self.permissions.extend(passed);
        self
    }
}

/// The error that names an operation which the sandbox does not know.
pub(crate) fn unknown(service: &str, operation: &str) -> ApiError {
    ApiError::unsupported(format_args!("operation `{service}:{operation}`"))
}

/// A text of the input; empty where it is not given.
pub(crate) fn text<'i>(input: &'i Value, key: &str) -> &'i str {
    input.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the input gives any tags.
pub(crate) fn is_tagged(input: &Value) -> bool {
    let any = |tags: &Value| match tags {
        Value::Array(tags) => !tags.is_empty(),
        Value::Object(tags) => !tags.is_empty(),
        _ => true,
    };
    ["Tags", "tags"]
        .iter()
        .any(|key| input.get(key).is_some_and(any))
}
