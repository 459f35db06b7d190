//! ARNs and the names in them. Those of roles and of their sessions stand in different fields and are never the
//! same.
//!
//! Source: CloudTrail user guide, "CloudTrail userIdentity element"; IAM user guide, "IAM identifiers": the
//! ARN of a session holds the role's name without its path, and neither name holds a slash or a colon.

/// The ARN of the caller: of a role the session.
pub(crate) const CALLER: &str = "userIdentity.arn";
/// The ARN of the role that issued a session.
pub(crate) const ISSUER: &str = "userIdentity.sessionContext.sessionIssuer.arn";
/// The name of the role that issued a session.
pub(crate) const ISSUER_NAME: &str = "userIdentity.sessionContext.sessionIssuer.userName";
const ROLE: &str = ":role/";
const SESSION: &str = ":assumed-role/";
/// What stands behind the last colon of the ARNs of IAM and STS. Source: IAM user guide, "IAM identifiers".
const KINDS: [&str; 6] = [
    "assumed-role/",
    "group/",
    "policy/",
    "role/",
    "root",
    "user/",
];

/// What is wrong with an ARN, or with what stands where an ARN or the name of a role does.
pub(crate) enum ArnProblem {
    /// An ARN of another kind than the field holds.
    Other(OtherArn),
    /// The name of a role with its path.
    NameWithPath(NameWithPath),
    /// A name where the field holds a whole ARN.
    NoArn(NoArn),
}

/// An ARN of another kind than the field holds.
pub(crate) struct OtherArn {
    /// What it is instead.
    pub(crate) kind: OtherKind,
    /// The field that was probably meant.
    pub(crate) field: &'static str,
    /// What was probably meant to stand there.
    pub(crate) text: String,
}

/// What an ARN is that does not fit its field.
pub(crate) enum OtherKind {
    /// That of a role, where its sessions act.
    Role,
    /// That of a role, but for its beginning.
    RoleOfAnotherService,
    /// That of a session, where its role stands.
    Session,
    /// That of a session, without the session's name.
    SessionWithoutName,
    /// That of a session, with the path of the role.
    SessionWithPath,
}

/// The name of a role with its path, which stands in the ARN only.
pub(crate) struct NameWithPath {
    /// The name without the path.
    pub(crate) name: String,
    /// The ARN that was probably meant.
    pub(crate) arn: String,
}

/// A name where the whole ARN stands.
pub(crate) struct NoArn {
    /// How ARNs end that hold the name.
    pub(crate) ending: String,
    /// Whether `*` stands for a part of it.
    pub(crate) is_open: bool,
    /// Whether no event holds it: callers can write into a parameter what they like.
    pub(crate) certain: bool,
}

impl ArnProblem {
    /// Whether no event holds what was asked for.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            Self::Other(_) => false,
            Self::NameWithPath(_) => true,
            Self::NoArn(no_arn) => no_arn.certain,
        }
    }
}

/// What is wrong with a text of a field under `detail`, in which `*` stands for any text.
pub(crate) fn problem(path: &str, glob: &str) -> Option<ArnProblem> {
    // After a `\` a star is a star, which no ARN here is likely to be.
    if glob.is_empty() || glob.contains('\\') {
        return None;
    }
    let none = || no_arn(path, glob).map(ArnProblem::NoArn);
    match path {
        CALLER | ISSUER => role_or_session(path, glob)
            .map(ArnProblem::Other)
            .or_else(none),
        ISSUER_NAME => name_with_path(glob).map(ArnProblem::NameWithPath),
        _ => none(),
    }
}

fn no_arn(path: &str, glob: &str) -> Option<NoArn> {
    const ARN: &str = "arn:";
    let parent = path.split('.').next().unwrap_or_default();
    let field = path.rsplit('.').next().unwrap_or_default();
    // Of a key the id or an alias is as good in many calls, and resources have names of many kinds.
    let other_names = ["key", "resource"];
    let holds_arn = path == CALLER
        || path == ISSUER
        || (parent == "requestParameters"
            && (field == "arn" || field.ends_with("Arn") || field.ends_with("ARN"))
            && !other_names
                .iter()
                .any(|name| field.to_lowercase().contains(name)));
    let head = glob.split('*').next().unwrap_or_default().to_lowercase();
    let fits = head.starts_with(ARN) || (glob.contains('*') && ARN.starts_with(&head));
    if !holds_arn || fits {
        return None;
    }
    let name = glob.trim_start_matches(['*', '/']);
    let mark = if KINDS.iter().any(|kind| name.starts_with(kind)) {
        ':'
    } else {
        '/'
    };
    Some(NoArn {
        ending: format!("{mark}{name}"),
        is_open: name.contains('*'),
        // Calls that are refused are recorded as well.
        certain: parent == "userIdentity",
    })
}

fn name_with_path(glob: &str) -> Option<NameWithPath> {
    let (_, name) = glob.rsplit_once('/')?;
    let arn = if glob.starts_with("arn:") || glob.contains(ROLE) {
        glob.to_owned()
    } else {
        let path = glob.trim_start_matches(['*', '/']);
        format!("*{ROLE}{}", path.strip_prefix("role/").unwrap_or(path))
    };
    Some(NameWithPath {
        name: name.to_owned(),
        arn,
    })
}

/// The ARN of a role where that of a session stands, or the other way round.
fn role_or_session(path: &str, glob: &str) -> Option<OtherArn> {
    // A star may stand for anything: only what is spelt out between two of them counts.
    let holds = |part: &str| glob.split('*').any(|literal| literal.contains(part));
    let (kind, field, text) = if path == CALLER && holds(ROLE) {
        (OtherKind::Role, ISSUER, of_iam(glob))
    } else if path == ISSUER && holds(ROLE) && of_iam(glob) != glob {
        (OtherKind::RoleOfAnotherService, ISSUER, of_iam(glob))
    } else if path == ISSUER && holds(SESSION) {
        let whole = glob.split_once(SESSION).map_or("", |(_, tail)| tail);
        let text = if whole.contains(['/', '*']) {
            glob.to_owned()
        } else {
            format!("{glob}/*")
        };
        (OtherKind::Session, CALLER, text)
    } else if path == CALLER
        && let Some((before, tail)) = glob.split_once(SESSION)
    {
        let parts: Vec<&str> = tail.split('/').collect();
        match parts.as_slice() {
            [name] if !name.contains('*') && !name.is_empty() => {
                (OtherKind::SessionWithoutName, CALLER, format!("{glob}/*"))
            }
            [_, .., name, session] => (
                OtherKind::SessionWithPath,
                CALLER,
                format!("{before}{SESSION}{name}/{session}"),
            ),
            _ => return None,
        }
    } else {
        return None;
    };
    Some(OtherArn { kind, field, text })
}

/// The ARN of a role, with the service that has roles. Those of STS end with the name of a session.
fn of_iam(glob: &str) -> String {
    match glob.split_once(":sts:") {
        Some((head, tail)) if tail.contains(ROLE) => {
            format!("{head}:iam:{}", tail.strip_suffix("/*").unwrap_or(tail))
        }
        _ => glob.to_owned(),
    }
}

/// An ARN of a role as that of a session of it, or the other way round.
pub(crate) fn as_an_event_has_it(path: &str, arn: &str) -> String {
    let service = if path == CALLER { "sts" } else { "iam" };
    let other = if path == CALLER { "iam" } else { "sts" };
    let mark = if arn.contains(ROLE) { ROLE } else { SESSION };
    let (account, name) = arn.split_once(mark).unwrap_or_default();
    let account = account.replace(&format!(":{other}:"), &format!(":{service}:"));
    match (path, mark) {
        (CALLER, ROLE) => {
            let name = name.rsplit('/').next().unwrap_or_default();
            format!("{account}{SESSION}{name}/SESSION")
        }
        (CALLER, _) => match name.rsplit('/').collect::<Vec<_>>().as_slice() {
            [session, name, ..] => format!("{account}{SESSION}{name}/{session}"),
            _ => format!("{account}{SESSION}{name}/SESSION"),
        },
        _ => {
            let name = name.split('/').next().unwrap_or_default();
            format!("{account}{ROLE}{name}")
        }
    }
}
