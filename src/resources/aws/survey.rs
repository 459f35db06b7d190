//! What must be known of an account before anything can be placed in it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_account::types::RegionOptStatus;
use futures::{StreamExt, TryStreamExt, stream};

use crate::aws::{CallError, Cause, Clients, Cloud, all_pages, calls};
use crate::organization::Organization;
use crate::place::{AccountId, Place, Region, StackName};
use crate::resources::kinds::Kind;
use crate::resources::model::{DEFAULT_BUS, Owner, ResourceKey};
use crate::resources::resource::{Live, Resource};
use crate::resources::rule::KnownPatterns;
use crate::resources::trail::TrailFacts;
use crate::resources::{
    bucket, bus, connection, key, machine, names, queue, role, rule, table, topic, trail,
};

/// How many places are read at once.
pub const PLACES_AT_ONCE: usize = 24;

/// An account as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountFacts {
    /// The id of the account.
    pub account: AccountId,
    /// The Regions that are enabled; an error where the caller may not know, or nobody can tell.
    pub regions: Result<BTreeSet<Region>, CallError>,
    /// Every trail that records something at home; of an organization, as its management account sees them.
    pub trails: Vec<TrailFacts>,
    /// The organization, if all of it is watched.
    pub organization: Option<Organization>,
    /// What the organization calls its accounts, as far as somebody asked for it.
    pub account_names: BTreeMap<AccountId, String>,
}

/// Looks at an account: a few requests, none of them a write.
///
/// # Errors
/// What AWS says; that the Regions cannot be listed is no failure yet.
pub async fn account_facts(
    cloud: &Cloud,
    stack: &StackName,
    home: &Region,
) -> Result<AccountFacts, CallError> {
    account_facts_for(cloud, None, stack, home).await
}

/// Looks at the home account of an organization, whose trails belong to another account: the cloud beside the
/// organization reads them.
///
/// # Errors
/// What AWS says; that the Regions cannot be listed is no failure yet.
pub async fn account_facts_for(
    cloud: &Cloud,
    organization: Option<(&Organization, &Cloud)>,
    stack: &StackName,
    home: &Region,
) -> Result<AccountFacts, CallError> {
    let owner = organization.map_or(cloud, |(_, owner)| owner);
    let (regions, trails) = futures::join!(
        enabled_regions(cloud),
        trail::aws::read(home, |region| owner.at(region), stack, &owner.account)
    );
    // 501: emulators without the Account API. To know is needed for `regions: all` only.
    let may_be_unknown =
        |error: &CallError| error.cause == Cause::Denied || error.status == Some(501);
    let regions = match regions {
        Err(error) if !may_be_unknown(&error) => return Err(error),
        known => known,
    };
    Ok(AccountFacts {
        account: cloud.account.clone(),
        regions,
        trails: trails?,
        organization: organization.map(|(organization, _)| organization.clone()),
        account_names: BTreeMap::new(),
    })
}

/// The Regions that are enabled in an account.
///
/// # Errors
/// What AWS says.
pub async fn enabled_regions(cloud: &Cloud) -> Result<BTreeSet<Region>, CallError> {
    let client = &cloud.global().account;
    let listed = all_pages(|token| async move {
        let request = client
            .list_regions()
            .region_opt_status_contains(RegionOptStatus::Enabled)
            .region_opt_status_contains(RegionOptStatus::EnabledByDefault)
            .max_results(50)
            .set_next_token(token);
        let page = calls::LIST_REGIONS.send("*", request.send()).await?;
        Ok((page.regions.unwrap_or_default(), page.next_token))
    });
    let listed = listed.await?;
    let regions = listed.iter();
    Ok(regions
        .filter_map(|region| region.region_name()?.parse().ok())
        .collect())
}

/// Reads everything in an account that could belong to a rules file: at every place of `regions`, the
/// global one, and in the log bucket's namespace. `wanted` are the resources that are asked for: those of
/// them whose names are unique beyond a place are looked for wherever they may be.
///
/// # Errors
/// The first call that fails: ownership must be known, so nothing is guessed.
pub async fn read_all(
    cloud: &Cloud,
    stack: &StackName,
    home: &Place,
    regions: &BTreeSet<Region>,
    wanted: &[ResourceKey],
    account_facts: &AccountFacts,
) -> Result<Vec<Live>, CallError> {
    let account = &account_facts.account;
    let mut places: Vec<Place> = regions
        .iter()
        .map(|region| Place::Regional {
            account: account.clone(),
            region: region.clone(),
        })
        .collect();
    places.push(Place::Global {
        account: account.clone(),
    });
    let of = |kind: Kind| wanted.iter().filter(move |key| key.kind == kind);
    let bucket = of(Kind::Bucket).map(|key| key.name.as_str()).next();
    let roles: Vec<&str> = of(Kind::Role).map(|key| key.name.as_str()).collect();
    let clients = cloud.at_place(home);
    let (connections, buckets, machines, tables, everywhere) = futures::try_join!(
        connection::aws::read(&clients, stack, home),
        bucket::aws::read(&clients.s3, stack, home, bucket),
        machine::aws::read(&clients, stack, home),
        table::aws::read(&clients.dynamodb, stack, home),
        stream::iter(places)
            .map(|place| {
                let (clients, roles) = (cloud.at_place(&place), &roles);
                // On the heap: five readers at once are a large future.
                async move {
                    let found = Box::pin(read(&clients, stack, &place, roles)).await;
                    found.map_err(|error| match error.cause {
                        // What matters then is where.
                        Cause::NotEnabled => CallError {
                            resource: place.to_string(),
                            ..error
                        },
                        _ => error,
                    })
                }
            })
            .buffer_unordered(PLACES_AT_ONCE)
            .try_collect::<Vec<Vec<Live>>>()
    )?;
    // Those of an organization stand in its management account, which may be another.
    let here = account_facts.trails.iter();
    let trails = here.filter(|found| found.arn.account() == account.as_str());
    let trails = trails.filter(|found| {
        let wanted = of(Kind::Trail).any(|key| key.name == found.trail.name);
        // A tag alone makes no trail of a company ours.
        let left = found.owner == Owner::Ours && found.trail.name == names::whole(stack);
        wanted || left
    });
    let trails = trails.map(|found| {
        let resource = Resource::Trail(found.trail.clone());
        let place = Place::Regional {
            account: account.clone(),
            region: found.home.clone(),
        };
        let arn = Some(found.arn.to_string());
        Live::new(&place, resource, found.owner.clone(), arn)
    });
    let mut live: Vec<Live> = everywhere
        .into_iter()
        .flatten()
        .chain(buckets)
        .chain(connections)
        .chain(machines)
        .chain(tables)
        .chain(trails)
        .collect();
    live.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(live)
}

/// Reads everything in one place that could belong to a rules file: a few requests a service, not one a
/// resource. At the global place these are roles, `roles` whatever their path; trails, tables and log buckets are
/// read by [`read_all`].
///
/// # Errors
/// The first call that fails: ownership must be known, so nothing is guessed.
async fn read(
    clients: &Clients,
    stack: &StackName,
    place: &Place,
    roles: &[&str],
) -> Result<Vec<Live>, CallError> {
    let mut live: Vec<Live> = match place {
        Place::Global { .. } => role::aws::read(&clients.iam, stack, place, roles).await?,
        Place::Regional { .. } => {
            let none = KnownPatterns::default();
            let (keys, queues, topics, buses, rules) = futures::try_join!(
                key::aws::read(&clients.kms, stack, place),
                queue::aws::read(&clients.sqs, stack, place),
                topic::aws::read(&clients.sns, stack, place),
                bus::aws::read(&clients.events, stack, place),
                rule::aws::read(&clients.events, stack, place, DEFAULT_BUS, &none),
            )?;
            [keys, queues, topics, buses, rules].concat()
        }
    };
    live.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(live)
}

/// What an account of an organization has of ours, and what could not be looked at.
#[derive(Debug)]
pub struct SpokesRead {
    /// The roles of all forwarders.
    pub roles: Vec<Live>,
    /// Queue and rules of each Region.
    pub regions: Vec<(Region, Result<Vec<Live>, CallError>)>,
}

/// Reads what brings the events of an account to another: in every one of `regions`, and in those that a
/// role of ours was made for. Of each Region: its role, its queue, and the rules on its default bus.
///
/// # Errors
/// What IAM says: without its roles an account cannot be judged. A Region that fails is told apart.
pub async fn read_spokes(
    cloud: &Cloud,
    stack: &StackName,
    account: &AccountId,
    regions: &BTreeSet<Region>,
    known: &KnownPatterns,
) -> Result<SpokesRead, CallError> {
    let everywhere = Place::Global {
        account: account.clone(),
    };
    let names: Vec<String> = regions
        .iter()
        .map(|region| names::forwarder_role(stack, region))
        .collect();
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let clients = cloud.global();
    let here = |region: Region| async move {
        let place = Place::Regional {
            account: account.clone(),
            region: region.clone(),
        };
        let clients = cloud.at(&region);
        let found = futures::try_join!(
            queue::aws::read_dead_letters(&clients.sqs, stack, &place),
            rule::aws::read(&clients.events, stack, &place, DEFAULT_BUS, known),
        );
        let found = found.map(|(queues, rules)| queues.into_iter().chain(rules).collect());
        (region, found)
    };
    let listened = stream::iter(regions.iter().cloned())
        .map(|region| Box::pin(here(region)))
        .buffer_unordered(PLACES_AT_ONCE)
        .collect::<Vec<_>>();
    let roles = role::aws::read(&clients.iam, stack, &everywhere, &wanted);
    let (roles, mut read) = futures::join!(roles, listened);
    let roles = roles?;
    // A role's name ends with its Region: so one that is no longer listened to is found.
    let prefix = names::forwarder_role_prefix(stack);
    let left = roles
        .iter()
        .filter(|role| role.owner == Owner::Ours)
        .filter_map(|role| role.key.name.strip_prefix(&prefix)?.parse().ok())
        .filter(|region: &Region| !regions.contains(region));
    let left: Vec<Region> = left.collect();
    for region in left {
        read.push(Box::pin(here(region)).await);
    }
    Ok(SpokesRead {
        roles,
        regions: read,
    })
}
