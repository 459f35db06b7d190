//! The two rules about tampering with the alerting: each on a channel of its own, where there are two.

use std::collections::BTreeSet;

use crate::diagnostic::{Report, codes};
use crate::rules::decode::draft::FileDraft;
use crate::rules::model::{ChannelName, Endpoint, Format, Rule};
use crate::rules::syntax::read::Spanned;

const FIRST: &str = "pipeline/tamper";
const SECOND: &str = "pipeline/tamper-watch";

/// Gives the second rule other channels than the first, unless it has channels of its own (`settled`), and
/// warns where silencing one channel, or removing one rule, silences both.
pub(crate) fn separate<'a>(
    rules: &mut [Rule],
    settled: impl Fn(&Rule) -> bool,
    by_rules: impl Iterator<Item = &'a Vec<Spanned<ChannelName>>>,
    file: &'a FileDraft,
    report: &mut Report,
) {
    let watch = |id: &str| {
        let mut rules = rules.iter().enumerate();
        rules.find(|(_, rule)| rule.enabled && rule.id.0 == id)
    };
    let (first, second) = match (watch(FIRST), watch(SECOND)) {
        (None, None) => return,
        (Some((_, rule)), None) | (None, Some((_, rule))) => {
            report
                .warning(codes::ONE_WATCH, rule.span)
                .message(format!("only `{}` watches the alerting itself", rule.id.0))
                .label("whoever removes its detector is not reported")
                .help("write `use: pack/pipeline`, which watches twice");
            return;
        }
        (Some((_, first)), Some((second, _))) => (first.channels.clone(), second),
    };
    let Some(rule) = rules.get_mut(second) else {
        return;
    };
    if !settled(rule) {
        let named = file.notify.values().chain(by_rules).flatten();
        let named = named.map(|name| &name.value).chain(&file.named);
        let named: BTreeSet<&ChannelName> = named.collect();
        // It stands apart, where no service hears it.
        let hears = |name: &&ChannelName| {
            let channel = file.channels.good.get(name);
            channel.is_none_or(|channel| {
                !matches!(channel.endpoint, Endpoint::AmazonQ | Endpoint::Service(_))
            })
        };
        let others = named.into_iter().filter(hears);
        let others = others.filter(|name| !first.contains(name));
        // Rather one that people read.
        let is_json = |name: &ChannelName| {
            let channel = file.channels.good.get(name);
            channel.is_none_or(|channel| channel.format == Format::Json)
        };
        let other = others.min_by_key(|name| (is_json(name), (*name).clone()));
        let last = || first.iter().rfind(hears).filter(|_| first.len() > 1);
        if let Some(other) = other.or_else(last) {
            rule.channels = vec![other.clone()];
        }
    }
    if rule.channels == first {
        report
            .warning(codes::ONE_WATCH, rule.span)
            .message("both rules about tampering tell the same channels")
            .label("whoever silences these is not reported")
            .help(format!(
                "name a second channel under `notify`, or give `{SECOND}` `channels` of its own"
            ));
    }
}
