//! How connections look on the wire.

use serde::Deserialize;

use super::state::{HttpParameters, Parameter};
use crate::sandbox::secret::Secret;

/// `CreateConnection`, and `UpdateConnection`. Private connectivity and keys of one's own are not implemented.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) authorization_type: Option<String>,
    pub(super) auth_parameters: Option<AuthParameters>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AuthParameters {
    pub(super) basic_auth_parameters: Option<Basic>,
    pub(super) o_auth_parameters: Option<Client>,
    pub(super) api_key_auth_parameters: Option<ApiKey>,
    pub(super) invocation_http_parameters: Option<Http>,
}

impl AuthParameters {
    /// Whether it says anything of how the connection is authorized.
    pub(super) fn authorizes(&self) -> bool {
        self.basic_auth_parameters.is_some()
            || self.o_auth_parameters.is_some()
            || self.api_key_auth_parameters.is_some()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Basic {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ApiKey {
    pub(super) api_key_name: Option<String>,
    pub(super) api_key_value: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Client {
    pub(super) client_parameters: Option<ClientParameters>,
    pub(super) authorization_endpoint: Option<String>,
    pub(super) http_method: Option<String>,
    pub(super) o_auth_http_parameters: Option<Http>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ClientParameters {
    #[serde(rename = "ClientID")]
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Http {
    pub(super) header_parameters: Option<Vec<Pair>>,
    pub(super) query_string_parameters: Option<Vec<Pair>>,
    pub(super) body_parameters: Option<Vec<Pair>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Pair {
    pub(super) key: Option<String>,
    pub(super) value: Option<Secret>,
    is_value_secret: Option<bool>,
}

impl Http {
    /// What is kept of it. A kind of parameter that is left out stays as it was; that AWS does so too is unsourced,
    /// <https://github.com/hashicorp/terraform-provider-aws/issues/37814> speaks for it.
    pub(super) fn over(&self, old: HttpParameters) -> HttpParameters {
        let kept = |given: &Option<Vec<Pair>>, old: Vec<Parameter>| match given {
            Some(given) => given.iter().map(Pair::kept).collect(),
            None => old,
        };
        HttpParameters {
            headers: kept(&self.header_parameters, old.headers),
            query: kept(&self.query_string_parameters, old.query),
            body: kept(&self.body_parameters, old.body),
        }
    }
}

impl Pair {
    /// A value is a secret unless it says that it is none: the default of
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-events-connection-parameter.html>.
    fn kept(&self) -> Parameter {
        Parameter {
            key: self.key.clone().unwrap_or_default(),
            value: self.value.clone().unwrap_or_else(|| Secret::new("")),
            is_secret: self.is_value_secret.unwrap_or(true),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    pub(super) name_prefix: Option<String>,
    pub(super) connection_state: Option<String>,
    pub(super) next_token: Option<String>,
    pub(super) limit: Option<usize>,
}
