#!/bin/sh
# Trusted identity propagation, from nothing to a role that carries a person's identity, on this machine alone:
#
#   token of an identity provider → CreateTokenWithIAM → identity context → AssumeRole → GetCallerIdentity
#
#   sh examples/trusted-identity-propagation.sh
#
# It starts a Sallyport of its own on a free port of loopback and an identity provider beside it, configures both with the commands
# that one would type for AWS, forgets one of them, asks why the exchange is refused, and mends it. Everything is in a temporary folder,
# and gone when the script ends. It takes some ten seconds, in which the AWS CLI starts fourteen times.
#
# It needs bin/sallyport, which `make build` makes, or one in the PATH; openssl and python3; and an AWS CLI that knows identity contexts,
# which are from 2025: 2.28 or newer, or 1.41 or newer. Both may be elsewhere:
#
#   SALLYPORT=/opt/sallyport AWS=/opt/aws/bin/aws sh examples/trusted-identity-propagation.sh
set -eu

sallyport=${SALLYPORT:-$(dirname "$0")/../bin/sallyport}
[ -x "$sallyport" ] || sallyport=$(command -v sallyport) || {
	echo "there is no sallyport: run make build, or set SALLYPORT to its path" >&2
	exit 1
}
aws=${AWS:-aws}

folder=$(mktemp -d)
processes=
finish() {
	# shellcheck disable=SC2086 # one word a process
	[ -z "$processes" ] || kill $processes 2>/dev/null || true
	wait
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

step() { printf '\n# %s\n' "$*"; }

# await COMMAND… waits until a command succeeds, for half a minute at most.
await() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 300 ] || { echo "waited in vain for: $*" >&2; cat "$folder"/*.log >&2; exit 1; }
		sleep 0.1
	done
}

step 'A Sallyport of our own, in development mode'

"$sallyport" serve --dev --listen 127.0.0.1:0 --data "$folder/data" --ready-file "$folder/ready.json" >"$folder/server.log" 2>&1 &
processes="$processes $!"
await test -s "$folder/ready.json"
ready() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$folder/ready.json" | head -n 1; }

# The AWS CLI is to see what follows and nothing else: no profiles, no endpoint but ours, no pager. AWS_ENDPOINT_URL counts for all services.
unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
unset AWS_ENDPOINT_URL_SSO_ADMIN AWS_ENDPOINT_URL_IDENTITYSTORE AWS_ENDPOINT_URL_SSO_OIDC AWS_ENDPOINT_URL_STS
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_PAGER='' NO_PROXY=127.0.0.1
AWS_ENDPOINT_URL=$(ready endpoint)
AWS_DEFAULT_REGION=$(ready region)
export AWS_ENDPOINT_URL AWS_DEFAULT_REGION AWS_REGION="$AWS_DEFAULT_REGION"

# use ID SECRET [SESSION-TOKEN] makes these the credentials of the commands that follow.
use() {
	export AWS_ACCESS_KEY_ID="$1" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="${3-}"
}
use "$(ready accessKeyId)" "$(ready secretAccessKey)" # of the administrator of development mode
echo "$AWS_ENDPOINT_URL"

step 'An identity provider: a key, and a web server that publishes it'

mkdir -p "$folder/idp/.well-known"
python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$folder/idp" >"$folder/idp.txt" 2>"$folder/idp.log" &
processes="$processes $!"
await grep -q port "$folder/idp.txt" # Serving HTTP on 127.0.0.1 port 43210 …
issuer=http://127.0.0.1:$(sed 's/.* port \([0-9]*\) .*/\1/' "$folder/idp.txt")

openssl genrsa -out "$folder/idp.pem" 2048 2>/dev/null
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
modulus=$(openssl rsa -in "$folder/idp.pem" -noout -modulus | sed 's/Modulus=//' |
	python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' | base64url)
cat >"$folder/idp/jwks.json" <<END
{"keys": [{"kty": "RSA", "kid": "key-1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": "$modulus"}]}
END
cat >"$folder/idp/.well-known/openid-configuration" <<END
{"issuer": "$issuer", "jwks_uri": "$issuer/jwks.json"}
END
echo "$issuer"

# identify EMAIL makes the token that the provider gives to somebody who has signed in there, for the application reports-app.
identify() {
	now=$(date +%s)
	header='{"alg":"RS256","typ":"JWT","kid":"key-1"}'
	claims='{"iss":"'$issuer'","sub":"person-4711","aud":"reports-app","email":"'$1'","email_verified":true,'
	claims=$claims'"iat":'$now',"exp":'$((now + 300))',"jti":"'$(openssl rand -hex 16)'"}'
	signed=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)
	echo "$signed.$(printf %s "$signed" | openssl dgst -sha256 -sign "$folder/idp.pem" -binary | base64url)"
}

step 'ListInstances, CreateUser: the instance, and a person in its directory'

# shellcheck disable=SC2046 # three words
set -- $("$aws" sso-admin list-instances --query 'Instances[0].[InstanceArn, IdentityStoreId, OwnerAccountId]' --output text)
instance=$1 directory=$2 account=$3
person=$("$aws" identitystore create-user --identity-store-id "$directory" --user-name ada --display-name 'Ada Byron' \
	--name GivenName=Ada,FamilyName=Byron --emails Value=ada@example.com,Type=work,Primary=true --query UserId --output text)
echo "$instance"
echo "ada is $person"

step 'Two roles: one that the application runs with, one that it takes on for people'

# AWS has IAM for this; here it is one command beside the running server.
cat >"$folder/trust-administrators.json" <<END
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::$account:root"}, "Action": "sts:AssumeRole"}]}
END
reports=$("$sallyport" iam create-role reports --trust "$folder/trust-administrators.json" --data "$folder/data")

# sts:SetContext is what lets the application bring a person's identity along.
cat >"$folder/trust-reports.json" <<END
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "$reports"}, "Action": ["sts:AssumeRole", "sts:SetContext"]}]}
END
reader=$("$sallyport" iam create-role data-reader --trust "$folder/trust-reports.json" --data "$folder/data")
echo "$reports"
echo "$reader"

step 'CreateTrustedTokenIssuer: whose tokens are believed, and which claim names the person'

trusted=$("$aws" sso-admin create-trusted-token-issuer --instance-arn "$instance" --name provider --trusted-token-issuer-type OIDC_JWT \
	--trusted-token-issuer-configuration '{"OidcJwtConfiguration": {"IssuerUrl": "'"$issuer"'", "ClaimAttributePath": "email",
		"IdentityStoreAttributePath": "emails.value", "JwksRetrievalOption": "OPEN_ID_DISCOVERY"}}' \
	--query TrustedTokenIssuerArn --output text)
echo "$trusted"

step 'CreateApplication, PutApplicationAuthenticationMethod, PutApplicationGrant: the application, who may act as it, and what for'

application=$("$aws" sso-admin create-application --instance-arn "$instance" --name Reports \
	--application-provider-arn arn:aws:sso::aws:applicationProvider/custom --query ApplicationArn --output text)
"$aws" sso-admin put-application-authentication-method --application-arn "$application" --authentication-method-type IAM \
	--authentication-method '{"Iam": {"ActorPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Principal": {"AWS": "'"$reports"'"}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}]}}}'
"$aws" sso-admin put-application-grant --application-arn "$application" --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer \
	--grant '{"JwtBearer": {"AuthorizedTokenIssuers": [{"TrustedTokenIssuerArn": "'"$trusted"'", "AuthorizedAudiences": ["reports-app"]}]}}'
"$aws" sso-admin put-application-grant --application-arn "$application" --grant-type refresh_token --grant '{"RefreshToken": {}}'
echo "$application"

step 'CreateTokenWithIAM, as the application: refused, because a step was forgotten'

# take_on ROLE SESSION [OPTIONS] makes the credentials of a role those of the commands that follow.
take_on() {
	role=$1 session=$2
	shift 2
	# shellcheck disable=SC2046 # three words
	use $("$aws" sts assume-role --role-arn "$role" --role-session-name "$session" "$@" \
		--query 'Credentials.[AccessKeyId, SecretAccessKey, SessionToken]' --output text)
}
administrator="$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY"
take_on "$reports" reports-server
exchange() {
	"$aws" sso-oidc create-token-with-iam --client-id "$application" --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer \
		--assertion "$1" --query awsAdditionalDetails.identityContext --output text
}
assertion=$(identify ada@example.com)
if exchange "$assertion" 2>"$folder/refusal.txt"; then
	echo 'this was not to work' >&2
	exit 1
fi
cat "$folder/refusal.txt"

step 'sallyport explain: the request that was refused last, and why'

# Without a request id it lists the latest. A running server writes refusals down each second.
find_request() {
	"$sallyport" explain --data "$folder/data" >"$folder/refused.txt"
	request=$(sed -n 's/^\([^ ]*\) .* CreateTokenWithIAM .*/\1/p' "$folder/refused.txt" | head -n 1)
	[ -n "$request" ]
}
await find_request
"$sallyport" explain "$request" --data "$folder/data"

step 'CreateApplicationAssignment: the command that it names; then the same exchange again'

# shellcheck disable=SC2086 # two words
use $administrator
"$aws" sso-admin create-application-assignment --application-arn "$application" --principal-type USER --principal-id "$person"
take_on "$reports" reports-server
context=$(exchange "$assertion") # a refusal does not use an assertion up; an answer does
echo "an identity context of ${#context} characters"

step 'AssumeRole with the context, GetCallerIdentity: credentials of a role, with ada inside'

take_on "$reader" for-ada --duration-seconds 900 \
	--provided-contexts "ProviderArn=arn:aws:iam::aws:contextProvider/IdentityCenter,ContextAssertion=$context"
"$aws" sts get-caller-identity

# What AWS has in CloudTrail is in the log.
sed -n 's/.* msg=RoleAssumed .*\(on_behalf_of=[^ ]*\).*/\1/p' "$folder/server.log"
