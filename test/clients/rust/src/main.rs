//! Calls operations of sso-oidc through the AWS SDK for Rust: one for each line of standard input, answered by one line of standard output.

use std::io::{BufRead, Write};

use aws_sdk_ssooidc::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ssooidc::config::retry::RetryConfig;
use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssooidc::operation::RequestId;
use aws_sdk_ssooidc::{Client, Config, Error};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = runtime.block_on(call(&request))?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn connect(request: &Value) -> Client {
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .region(Region::new(text(request, "region").unwrap_or_default()))
        .endpoint_url(text(request, "endpoint").unwrap_or_default());
    if let Some(key) = request.get("key") {
        let session = text(key, "sessionToken").filter(|token| !token.is_empty());
        config = config.credentials_provider(Credentials::new(
            text(key, "accessKeyId").unwrap_or_default(),
            text(key, "secretAccessKey").unwrap_or_default(),
            session,
            None,
            "the test",
        ));
    } else {
        config = config.allow_no_auth();
    }
    Client::from_conf(config.build())
}

async fn call(request: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let client = connect(request);
    let input = &request["input"];
    let output = match request["operation"].as_str() {
        Some("CreateToken") => create_token(&client, input).await,
        Some("CreateTokenWithIAM") => create_token_with_iam(&client, input).await,
        Some("RegisterClient") => register_client(&client, input).await,
        Some("StartDeviceAuthorization") => start_device_authorization(&client, input).await,
        other => return Err(format!("the driver does not know the operation {other:?}").into()),
    };
    match output {
        Ok(output) => Ok(json!({"output": output})),
        Err(Failure::Refused(refusal)) => Ok(json!({"refusal": refusal})),
        Err(Failure::Other(error)) => Err(error),
    }
}

async fn create_token(client: &Client, input: &Value) -> Result<Value, Failure> {
    let out = client
        .create_token()
        .set_client_id(text(input, "clientId"))
        .set_client_secret(text(input, "clientSecret"))
        .set_grant_type(text(input, "grantType"))
        .set_device_code(text(input, "deviceCode"))
        .set_code(text(input, "code"))
        .set_refresh_token(text(input, "refreshToken"))
        .set_scope(texts(input, "scope"))
        .set_redirect_uri(text(input, "redirectUri"))
        .set_code_verifier(text(input, "codeVerifier"))
        .send()
        .await
        .map_err(failure)?;
    Ok(present(json!({
        "accessToken": out.access_token(),
        "tokenType": out.token_type(),
        "expiresIn": out.expires_in(),
        "refreshToken": out.refresh_token(),
        "idToken": out.id_token(),
    })))
}

async fn create_token_with_iam(client: &Client, input: &Value) -> Result<Value, Failure> {
    let out = client
        .create_token_with_iam()
        .set_client_id(text(input, "clientId"))
        .set_grant_type(text(input, "grantType"))
        .set_code(text(input, "code"))
        .set_refresh_token(text(input, "refreshToken"))
        .set_assertion(text(input, "assertion"))
        .set_scope(texts(input, "scope"))
        .set_redirect_uri(text(input, "redirectUri"))
        .set_subject_token(text(input, "subjectToken"))
        .set_subject_token_type(text(input, "subjectTokenType"))
        .set_requested_token_type(text(input, "requestedTokenType"))
        .set_code_verifier(text(input, "codeVerifier"))
        .send()
        .await
        .map_err(failure)?;
    Ok(present(json!({
        "accessToken": out.access_token(),
        "tokenType": out.token_type(),
        "expiresIn": out.expires_in(),
        "refreshToken": out.refresh_token(),
        "idToken": out.id_token(),
        "issuedTokenType": out.issued_token_type(),
        "scope": out.scope(),
        "awsAdditionalDetails": out.aws_additional_details().map(|details| json!({"identityContext": details.identity_context()})),
    })))
}

async fn register_client(client: &Client, input: &Value) -> Result<Value, Failure> {
    let out = client
        .register_client()
        .set_client_name(text(input, "clientName"))
        .set_client_type(text(input, "clientType"))
        .set_scopes(texts(input, "scopes"))
        .set_redirect_uris(texts(input, "redirectUris"))
        .set_grant_types(texts(input, "grantTypes"))
        .set_issuer_url(text(input, "issuerUrl"))
        .set_entitled_application_arn(text(input, "entitledApplicationArn"))
        .send()
        .await
        .map_err(failure)?;
    Ok(present(json!({
        "clientId": out.client_id(),
        "clientSecret": out.client_secret(),
        "clientIdIssuedAt": out.client_id_issued_at(),
        "clientSecretExpiresAt": out.client_secret_expires_at(),
        "authorizationEndpoint": out.authorization_endpoint(),
        "tokenEndpoint": out.token_endpoint(),
    })))
}

async fn start_device_authorization(client: &Client, input: &Value) -> Result<Value, Failure> {
    let out = client
        .start_device_authorization()
        .set_client_id(text(input, "clientId"))
        .set_client_secret(text(input, "clientSecret"))
        .set_start_url(text(input, "startUrl"))
        .send()
        .await
        .map_err(failure)?;
    Ok(present(json!({
        "deviceCode": out.device_code(),
        "userCode": out.user_code(),
        "verificationUri": out.verification_uri(),
        "verificationUriComplete": out.verification_uri_complete(),
        "expiresIn": out.expires_in(),
        "interval": out.interval(),
    })))
}

fn text(from: &Value, member: &str) -> Option<String> {
    from.get(member)?.as_str().map(str::to_owned)
}

fn texts(from: &Value, member: &str) -> Option<Vec<String>> {
    let list = from.get(member)?.as_array()?;
    Some(list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
}

/// present leaves out the members that are not set.
fn present(members: Value) -> Value {
    match members {
        Value::Object(all) => Value::Object(all.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>()),
        other => other,
    }
}

enum Failure {
    Refused(Value),
    Other(Box<dyn std::error::Error>),
}

/// failure tells what the service refused from what kept the call from being answered.
fn failure<E>(error: SdkError<E>) -> Failure
where
    E: std::error::Error + Send + Sync + 'static,
    Error: From<SdkError<E>>,
{
    let Some(status) = error.raw_response().map(|response| response.status().as_u16()) else {
        return Failure::Other(Box::new(error));
    };
    Failure::Refused(refusal(error.into(), status))
}

/// described is the refusal of an exception that the service models.
macro_rules! described {
    ($name:ident, $exception:ident $(, $more:ident)*) => {
        json!({
            "exception": stringify!($name),
            "typed": true,
            "error": $exception.error(),
            "description": $exception.error_description(),
            $((stringify!($more)): $exception.$more().map(|value| value.to_string()),)*
        })
    };
}

fn refusal(error: Error, status: u16) -> Value {
    let mut refusal = match &error {
        Error::AccessDeniedException(e) => described!(AccessDeniedException, e, reason),
        Error::AuthorizationPendingException(e) => described!(AuthorizationPendingException, e),
        Error::ExpiredTokenException(e) => described!(ExpiredTokenException, e),
        Error::InternalServerException(e) => described!(InternalServerException, e),
        Error::InvalidClientException(e) => described!(InvalidClientException, e),
        Error::InvalidClientMetadataException(e) => described!(InvalidClientMetadataException, e),
        Error::InvalidGrantException(e) => described!(InvalidGrantException, e),
        Error::InvalidRedirectUriException(e) => described!(InvalidRedirectUriException, e),
        Error::InvalidRequestException(e) => described!(InvalidRequestException, e, reason),
        Error::InvalidRequestRegionException(e) => described!(InvalidRequestRegionException, e, endpoint, region),
        Error::InvalidScopeException(e) => described!(InvalidScopeException, e),
        Error::SlowDownException(e) => described!(SlowDownException, e),
        Error::UnauthorizedClientException(e) => described!(UnauthorizedClientException, e),
        Error::UnsupportedGrantTypeException(e) => described!(UnsupportedGrantTypeException, e),
        other => json!({"exception": other.code(), "typed": false}),
    };
    refusal["message"] = json!(error.message());
    refusal["status"] = json!(status);
    refusal["requestId"] = json!(error.request_id());
    present(refusal)
}
