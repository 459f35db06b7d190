//! Somebody stops a run while accounts are being listed.

use iamwatch::check;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use iamwatch::aws::{CallError, Cloud};
use iamwatch::compile;
use iamwatch::fleet::{self, Fleet, Listed, Pass};
use iamwatch::organization;
use iamwatch::placement::{self, Spokes};
use iamwatch::plan::PlanOptions;
use iamwatch::plan::own_alerts::OwnCallMatcher;
use iamwatch::resources;
use iamwatch::resources::rule::KnownPatterns;
use iamwatch::rules::MEMBER_ROLE;

use super::RULES;
use super::kit::{Kit, block_on};

#[test]
fn a_stop_does_not_wait_for_the_listing() {
    let kit = Kit::with(RULES, &[]);
    block_on(async {
        let file = Arc::new(check::load_text("iamwatch.yaml", RULES).file.unwrap());
        let patterns = compile::compile(&file, compile::PATTERN_QUOTA).unwrap();
        let region = &file.home.region;
        let config = kit.sandbox.sdk_config(region, kit.sandbox.admin());
        let cloud = Cloud::with_config(config).await.unwrap();
        let organization = organization::organization(&cloud.global()).await;
        let organization = organization.unwrap().unwrap();
        let around = Some((&organization, &cloud));
        let account_facts = resources::account_facts_for(&cloud, around, &file.name, region).await;
        let home = placement::desired(&file, &patterns, &account_facts.unwrap()).unwrap();
        let fleet = Fleet {
            caller: cloud.clone(),
            role: MEMBER_ROLE.to_owned(),
            roles: Arc::default(),
            file: Arc::clone(&file),
            spokes: Spokes::new(file, &patterns, organization, &home),
            known: KnownPatterns::default(),
            wishes: PlanOptions::default(),
            region: None,
            destroy: false,
            hearing: OwnCallMatcher::of(&patterns),
            deployed: BTreeSet::new(),
        };
        // A page that never comes.
        let listing = stream::pending::<Result<Listed, CallError>>();
        let fleet = Arc::new(fleet);
        let run = fleet::run(&fleet, listing, &Pass::Look, std::future::ready(()), |_| {});
        let run = tokio::time::timeout(Duration::from_secs(30), run).await;
        let run = run.expect("it waits for the listing");
        assert!(run.stopped && !run.is_complete() && run.outcomes.is_empty());
    });
}
