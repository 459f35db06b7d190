//! How alerts get to people: `delivery`, `fallback`, `accounts`, `zone`.

use std::collections::BTreeMap;

use super::draft::Channels;
use super::places::placed;
use crate::diagnostic::{Report, Span, codes, shown};
use crate::place::AccountId;
use crate::rules::model::{Channel, ChannelName, Delivery, Endpoint, Format};
use crate::rules::syntax::keys::{ACCOUNTS, DELIVERIES};
use crate::rules::syntax::read::{self, Fields, Spanned};
use crate::rules::syntax::yaml::Node;
use crate::zones;

/// Longest name of an account, in characters. Source: Organizations API, `Account`, which takes 50.
const LONGEST_NAME: usize = 50;

/// What stands in the file.
#[derive(Debug, Default)]
pub(crate) struct DeliveryDraft {
    pub is_dispatcher: bool,
    pub fallback: Option<Spanned<String>>,
    pub account_names: BTreeMap<AccountId, String>,
    pub zone: Option<String>,
    /// Where `delivery` stands; the file's place where there is none.
    pub span: Span,
    /// The keys that only the dispatcher carries out, and where they stand.
    pub keys: Vec<(&'static str, Span)>,
}

/// Reads what of it is there.
pub(crate) fn delivery(fields: &Fields<'_>, report: &mut Report) -> DeliveryDraft {
    let word = fields
        .get("delivery")
        .and_then(|node| read::word(node, "a way of delivery", DELIVERIES, report));
    let keys = ["fallback", "accounts", "zone"].into_iter();
    let fallback = fields.get("fallback").and_then(|node| {
        let value = read::text(node, "a channel's name", report)?.to_owned();
        let span = node.span;
        Some(Spanned { value, span })
    });
    DeliveryDraft {
        is_dispatcher: word == Some("dispatcher"),
        fallback,
        account_names: fields
            .get("accounts")
            .map_or_else(BTreeMap::new, |node| names(node, report)),
        zone: fields.get("zone").and_then(|node| zone(node, report)),
        span: fields.key("delivery").unwrap_or(fields.span),
        keys: keys
            .filter_map(|name| Some((name, fields.key(name)?)))
            .collect(),
    }
}

fn names(node: &Node, report: &mut Report) -> BTreeMap<AccountId, String> {
    let mut names = BTreeMap::new();
    let Some(fields) = Fields::read(node, ACCOUNTS, "`accounts`", report) else {
        return names;
    };
    let Some(node) = fields.get("names") else {
        return names;
    };
    for (key, value) in read::map(node, "names of accounts, by id", report).unwrap_or_default() {
        let account = read::text(key, "an account id", report).and_then(|text| {
            placed(
                text.parse::<AccountId>(),
                key.span,
                "write its 12 digits in quotes",
                report,
            )
        });
        let name = read::line(value, "an account's name", LONGEST_NAME, report);
        let Some((account, name)) = account.zip(name) else {
            continue;
        };
        if names
            .insert(account.clone(), name.trim().to_owned())
            .is_some()
        {
            read::duplicate(key.span, account.as_str(), report);
        }
    }
    names
}

fn zone(node: &Node, report: &mut Report) -> Option<String> {
    let name = read::text(node, "a time zone", report)?;
    if zones::is_known(name) {
        return Some(name.to_owned());
    }
    let near: Vec<String> = zones::candidates(name)
        .iter()
        .map(|name| shown(name))
        .collect();
    let help = match near.as_slice() {
        [] => "write a name of the time zone database, such as `Europe/Berlin`".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    report
        .error(codes::ZONE, node.span)
        .message(format!("{} is not a time zone", shown(name)))
        .label("unknown time zone")
        .help(help);
    None
}

/// How alerts are delivered, once the channels are known. `rules`: what rules of the file say that only the dispatcher
/// carries out.
pub(crate) fn settled(
    draft: &DeliveryDraft,
    channels: &Channels,
    rules: &[(&'static str, Span)],
    report: &mut Report,
) -> Delivery {
    if draft.is_dispatcher {
        return match fallback(draft, channels, report) {
            Some(fallback) => Delivery::Dispatcher { fallback },
            None => Delivery::Direct,
        };
    }
    for (key, span) in draft.keys.iter().chain(rules) {
        report
            .error(codes::DISPATCHER, *span)
            .message(format!("`{key}` is carried out by the dispatcher alone"))
            .label("nobody would see it")
            .help("write `delivery: dispatcher` at the top of the rules file, or remove it");
    }
    for channel in channels.good.values() {
        let kind = match &channel.endpoint {
            Endpoint::Service(service) => service.kind(),
            Endpoint::AmazonQ => "amazon_q",
            _ => continue,
        };
        report
            .error(codes::DISPATCHER, channel.span)
            .message(format!(
                "only the dispatcher speaks to channels of the kind `{kind}`"
            ))
            .label("it would never hear of an alert")
            .help("write `delivery: dispatcher` at the top of the rules file");
    }
    Delivery::Direct
}

/// The channel that speaks for others.
fn fallback(
    draft: &DeliveryDraft,
    channels: &Channels,
    report: &mut Report,
) -> Option<ChannelName> {
    let Some(named) = &draft.fallback else {
        let kinds: [fn(&Endpoint) -> bool; 3] = [
            |endpoint| matches!(endpoint, Endpoint::Email(_)),
            |endpoint| matches!(endpoint, Endpoint::Sms(_)),
            |endpoint| matches!(endpoint, Endpoint::Sns(_)),
        ];
        let found = kinds.iter().find_map(|is_kind| {
            let mut fit = channels.good.iter();
            fit.find(|(_, channel)| is_fit(channel) && is_kind(&channel.endpoint))
        });
        // What is wrong with a channel is said already.
        if found.is_none() && channels.good.len() == channels.known.len() {
            report
                .error(codes::FALLBACK, draft.span)
                .message("no channel could hear of what another one does not take")
                .label("the dispatcher needs a channel of mail, SMS or a topic")
                .help("add one, such as `security-mail: { email: security@example.com }`");
        }
        return found.map(|(name, _)| name.clone());
    };
    let name = ChannelName(named.value.clone());
    match channels.good.get(&name) {
        Some(channel) if is_fit(channel) => Some(name),
        Some(_) => {
            report
                .error(codes::FALLBACK, named.span)
                .message(format!(
                    "{} cannot speak for other channels",
                    shown(&named.value)
                ))
                .label("expected mail, SMS or a topic, for people")
                .help("name a channel with `email`, `sms` or `sns`, without `format: json`");
            None
        }
        None if channels.known.contains_key(&named.value) => None,
        None => {
            report
                .error(codes::UNKNOWN_CHANNEL, named.span)
                .message(format!("there is no channel {}", shown(&named.value)))
                .label("unknown channel")
                .suggest(&named.value, channels.known.keys().map(String::as_str));
            None
        }
    }
}

fn is_fit(channel: &Channel) -> bool {
    let is_kind = matches!(
        channel.endpoint,
        Endpoint::Email(_) | Endpoint::Sms(_) | Endpoint::Sns(_)
    );
    is_kind && channel.format == Format::Text
}
