//! An AWS inside this process: EventBridge, SNS, SQS, STS, IAM, S3, KMS, DynamoDB, Step Functions, CloudTrail,
//! Organizations and the Account service behind the SDK's own HTTP door, or behind a socket of this machine.
//!
//! Real SDK clients run against it with their serialisation, retries and paging. It implements AWS
//! from AWS's documentation and shares nothing with the code that deploys, so that tests of that
//! code do not agree with themselves. What it does not implement is an error that names it.
//!
//! A world has as many accounts as anyone names: an account costs nothing until something is put
//! into it. [`Sandbox::organize`] makes an organization of some; who calls from where is decided
//! by the credentials, those of [`Sandbox::admin_in`] or of a role that was assumed.
//!
//! | question | room |
//! |---|---|
//! | what is asked, and who answers? | `server`, with the table of services; behind a socket `socket` |
//! | what is a service? | `service`; each has a folder: what it keeps is its `state`, what its calls need its `needs` |
//! | what comes of a call, also of one that a service makes? | `perform` |
//! | how does a request look? | `call`, and `wire` below it |
//! | may the caller do this? | `access`, and `policy` below it; who calls is `principal`, with what keys `callers` |
//! | what exists? | `world`, made of the states; `site` says where, `store` keeps it in a file |
//! | what does one service send to another? | `delivery` |
//! | what does CloudTrail write down? | `recorder` |
//! | what do people do and see? | `console` |
//! | how do tests watch and disturb? | `instance`, `faults`, `throttle`, `clock` |
//!
//! A new service is a folder with a type that implements `Service`, a line in the table of
//! `server`, and its state in `world`.

mod access;
mod account;
mod call;
mod callers;
mod clock;
mod cloudtrail;
mod common;
mod console;
mod delivery;
mod dynamodb;
mod events;
mod faults;
mod http_task;
mod iam;
mod instance;
mod kms;
mod organizations;
mod perform;
mod policy;
mod principal;
mod receivers;
mod recorder;
mod s3;
mod secret;
mod secretsmanager;
mod server;
mod service;
mod sfn;
mod site;
mod sns;
mod socket;
mod sqs;
mod store;
mod sts;
mod throttle;
mod wire;
mod world;

pub use clock::Clock;
pub use events::Lost;
pub use faults::{CallRecord, Fault, FaultKind, Outcome};
pub use instance::{Options, Sandbox};
pub use organizations::{AccountState, Organization, OrganizationError};
pub use receivers::{Room, Taken, Trouble};
pub use sns::Delivery;
pub use socket::serve;
pub use store::StoreError;
pub use throttle::Count;
