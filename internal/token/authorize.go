package token

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/arn"
	"sallyport/internal/audit"
	"sallyport/internal/fault"
	"sallyport/internal/keys"
	"sallyport/internal/oauth"
	"sallyport/internal/store"
	"sallyport/internal/sys"
)

const (
	digestCode       = "authorization-code"
	purposeAuthorize = "authorization-request"
	authorizeLayout  = 1

	// maxState and maxNonce bound what a client has us carry; the AWS CLI sends 36 characters.
	maxState = 2048
	maxNonce = 512
	// requestLifetime is how long a person may take to sign in and decide. The AWS CLI waits ten minutes.
	requestLifetime = 10 * time.Minute
	// codeLifetime is how long a client may take to redeem a code; it does so at once.
	codeLifetime = 2 * time.Minute
)

// AuthorizeRequest is an authorization request (RFC 6749 §4.1.1) that passed every check. Until somebody decides on it, it is stored
// nowhere: it travels sealed through the pages.
type AuthorizeRequest struct {
	ID          string // of the row that the decision will leave
	Client      Client
	RedirectURI oauth.RedirectURI
	State       string
	Challenge   oauth.Challenge
	Scopes      oauth.Scopes
	Nonce       string
	Prompt      Prompt
	MaxAge      time.Duration // how old the sign-in may be, negative for any age
	StartedAt   time.Time
}

// Prompt is what the client wants the person to be asked (OpenID Connect Core 1.0 §3.1.2.1).
type Prompt string

// The prompts. Anything else is refused.
const (
	PromptDefault Prompt = ""
	PromptNone    Prompt = "none"
	PromptLogin   Prompt = "login"
	PromptConsent Prompt = "consent"
)

// Redirect is a refusal that the client hears about: the browser goes back to it with an error (RFC 6749 §4.1.2.1).
type Redirect struct {
	To          oauth.RedirectURI
	State       string
	Code        oauth.ErrorCode
	Description string
}

func (r *Redirect) Error() string { return string(r.Code) + ": " + r.Description }

// Location is where the browser goes.
func (r *Redirect) Location() string {
	return location(r.To, "error", string(r.Code), "error_description", r.Description, "state", r.State)
}

// location adds parameters to a redirect URI. Everything in a value but unreserved characters is percent-encoded, once.
func location(to oauth.RedirectURI, pairs ...string) string {
	var b strings.Builder
	b.WriteString(to.String())
	separator := byte('?')
	if strings.Contains(to.String(), "?") {
		separator = '&'
	}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte(separator)
		b.WriteString(pairs[i] + "=" + strings.ReplaceAll(url.QueryEscape(pairs[i+1]), "+", "%20"))
		separator = '&'
	}
	return b.String()
}

// ParseAuthorize checks the query of GET /authorize. What is wrong with the client or its redirect URI is a *fault.Refusal, for a page of
// ours; anything else a *Redirect, for the client.
func (s *Service) ParseAuthorize(ctx context.Context, query url.Values) (AuthorizeRequest, error) {
	for name, values := range query {
		if len(values) > 1 {
			return AuthorizeRequest{}, fault.InvalidRequest.Refuse("The request has the parameter " + strconv.Quote(name) + " more than once")
		}
	}
	client, err := s.findClient(ctx, query.Get("client_id"))
	if err != nil {
		return AuthorizeRequest{}, err
	}
	to, ok := oauth.MatchRedirectURI(client.RedirectURIs, query.Get("redirect_uri"))
	if !ok {
		return AuthorizeRequest{}, fault.InvalidRequest.Refuse("redirect_uri is missing or not one that the client registered")
	}
	if len(query.Get("state")) > maxState {
		return AuthorizeRequest{}, fault.InvalidRequest.Refuse("state is longer than " + strconv.Itoa(maxState) + " bytes")
	}
	r := AuthorizeRequest{Client: client, RedirectURI: to, State: query.Get("state"), StartedAt: s.Clock.Now()}
	r.ID = sys.NewID(r.StartedAt)
	if redirect := r.parse(query); redirect != nil {
		redirect.To, redirect.State = to, r.State
		return AuthorizeRequest{}, redirect
	}
	return r, nil
}

// parse reads the parameters whose mistakes the client hears about.
func (r *AuthorizeRequest) parse(query url.Values) *Redirect {
	var err error
	switch {
	case query.Get("request") != "":
		return &Redirect{Code: oauth.RequestNotSupported, Description: "request objects are not supported"}
	case query.Get("request_uri") != "":
		return &Redirect{Code: oauth.RequestURINotSupported, Description: "request_uri is not supported"}
	case query.Get("response_type") != "code":
		return &Redirect{Code: oauth.UnsupportedResponseType, Description: "response_type must be code"}
	case query.Get("response_mode") != "" && query.Get("response_mode") != "query":
		return &Redirect{Code: oauth.InvalidRequest, Description: "response_mode must be query"}
	case !r.Client.allows(oauth.GrantAuthorizationCode):
		return &Redirect{Code: oauth.UnauthorizedClient, Description: "the client did not register for the grant authorization_code"}
	}
	if r.Challenge, err = oauth.ParseChallenge(query.Get("code_challenge_method"), query.Get("code_challenge")); err != nil {
		return &Redirect{Code: oauth.InvalidRequest, Description: err.Error()}
	}
	if redirect := r.parseScopes(query); redirect != nil {
		return redirect
	}
	return r.parseOpenID(query)
}

// parseScopes reads scope and scopes: clients in use send the one or the other, so both names are taken.
func (r *AuthorizeRequest) parseScopes(query url.Values) *Redirect {
	scopes, err := oauth.ParseScopeParam(strings.TrimSpace(query.Get("scope") + " " + query.Get("scopes")))
	if err != nil {
		return &Redirect{Code: oauth.InvalidScope, Description: err.Error()}
	}
	if !scopes.SubsetOf(r.Client.Scopes) {
		return &Redirect{Code: oauth.InvalidScope, Description: "the client did not register for every scope that it asks for"}
	}
	if r.Scopes = scopes; len(scopes) == 0 {
		r.Scopes = r.Client.Scopes
	}
	return nil
}

// parseOpenID reads the parameters that OpenID Connect adds.
func (r *AuthorizeRequest) parseOpenID(query url.Values) *Redirect {
	if r.Nonce = query.Get("nonce"); len(r.Nonce) > maxNonce {
		return &Redirect{Code: oauth.InvalidRequest, Description: "nonce is longer than " + strconv.Itoa(maxNonce) + " bytes"}
	}
	switch r.Prompt = Prompt(query.Get("prompt")); r.Prompt {
	case PromptDefault, PromptNone, PromptLogin, PromptConsent:
	default:
		return &Redirect{Code: oauth.InvalidRequest, Description: "prompt must be none, login or consent"}
	}
	r.MaxAge = -1
	if text := query.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 || text[0] == '+' {
			return &Redirect{Code: oauth.InvalidRequest, Description: "max_age must be a whole number of seconds"}
		}
		r.MaxAge = time.Duration(seconds) * time.Second
	}
	return nil
}

// NeedsSignIn reports whether the person has to sign in, again perhaps, before the request goes on. A sign-in made for the request is
// always recent enough, or max_age=0 would ask for ever.
func (r AuthorizeRequest) NeedsSignIn(person Person) bool {
	if !person.AuthTime.Before(r.StartedAt) {
		return false
	}
	return r.Prompt == PromptLogin || r.MaxAge >= 0 && r.StartedAt.Sub(person.AuthTime) > r.MaxAge
}

// Refuse sends the browser back to the client with an error.
func (r AuthorizeRequest) Refuse(code oauth.ErrorCode, description string) *Redirect {
	return &Redirect{To: r.RedirectURI, State: r.State, Code: code, Description: description}
}

// SealAuthorize returns the request as text that only OpenAuthorize reads, for links and forms.
func (s *Service) SealAuthorize(r AuthorizeRequest) string {
	return s.Ring.Seal(purposeAuthorize, keys.Pack(authorizeLayout).Text(r.ID).Text(r.Client.Text).Text(r.RedirectURI.String()).
		Text(r.State).Text(r.Challenge.String()).Text(r.Scopes.String()).Text(r.Nonce).Text(string(r.Prompt)).
		Int(int64(r.MaxAge)).Int(r.StartedAt.UnixMilli()).Bytes())
}

var authorizeGone = fault.InvalidRequest.Refuse("The request has expired: go back to the application and sign in again")

// OpenAuthorize reads a sealed request. It refuses one that is older than ten minutes.
func (s *Service) OpenAuthorize(ctx context.Context, text string) (AuthorizeRequest, error) {
	message, err := s.Ring.Open(purposeAuthorize, text)
	if err != nil {
		return AuthorizeRequest{}, authorizeGone.Because("the request does not open")
	}
	u := keys.Unpack(authorizeLayout, message)
	r := AuthorizeRequest{ID: u.Text()}
	clientID, redirectURI := u.Text(), u.Text()
	r.State = u.Text()
	challenge, scopes := u.Text(), u.Text()
	r.Nonce, r.Prompt, r.MaxAge, r.StartedAt = u.Text(), Prompt(u.Text()), time.Duration(u.Int()), time.UnixMilli(u.Int()).UTC()
	if u.Err() != nil || s.Clock.Now().Sub(r.StartedAt) > requestLifetime {
		return AuthorizeRequest{}, authorizeGone
	}
	r.Scopes = oauth.ReadScopes(scopes)
	if r.Challenge, err = oauth.ParseChallenge("S256", challenge); err != nil {
		return AuthorizeRequest{}, authorizeGone.Because("%v", err)
	}
	r.Client, err = s.findClient(ctx, clientID)
	if _, refused := fault.As(err); refused && !store.Interrupted(err) {
		return AuthorizeRequest{}, authorizeGone.Because("%v", err)
	}
	if err != nil {
		return AuthorizeRequest{}, err
	}
	var match bool
	if r.RedirectURI, match = oauth.MatchRedirectURI(r.Client.RedirectURIs, redirectURI); !match { // an application's can change meanwhile
		return AuthorizeRequest{}, authorizeGone.Because("the redirect URI is none of the client's any more")
	}
	return r, nil
}

// findClient opens a client id that is a registration, or reads the application whose ARN it is.
func (s *Service) findClient(ctx context.Context, clientID string) (Client, error) {
	if !strings.HasPrefix(clientID, "arn:") { // which no sealed text does: it has no colon
		return s.openClient(clientID)
	}
	name, err := arn.ParseApplication(clientID)
	if err != nil {
		return Client{}, applicationUnknown.Because("%v", err)
	}
	var app application
	found := false
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		app, found, err = readApplication(tx, name)
		return err
	})
	if err != nil {
		return Client{}, err
	}
	if !found || !app.Enabled() {
		return Client{}, applicationUnknown.Because("application %s is unknown or disabled", name.ApplicationID)
	}
	return s.client(app), nil
}

// Consented reports whether the person agreed before that the client may have what it asks for, and need not be asked again.
func (s *Service) Consented(ctx context.Context, person Person, r AuthorizeRequest) (consented bool, err error) {
	if r.Prompt == PromptConsent {
		return false, nil
	}
	err = s.Store.Look(ctx, func(tx *store.Tx) error {
		text, found, err := tx.Consent(person.UserID, r.Client.ID)
		if err != nil || !found {
			return err
		}
		consented = r.Scopes.SubsetOf(oauth.ReadScopes(text))
		return nil
	})
	return consented, err
}

// Consent is a person's decision on an authorization request.
type Consent struct {
	Allow    bool
	Remember bool // not to be asked again while the registration lives, or for as long where it is an application
}

var authorizeDecided = fault.InvalidRequest.Refuse("The request was decided already: go back to the application and sign in again")

// Decide records a person's decision and returns where the browser goes. A request is decided once. Who is not assigned to an application
// that asks for it has nothing to allow, and the application hears so.
func (s *Service) Decide(ctx context.Context, caller api.Caller, person Person, r AuthorizeRequest, consent Consent) (string, error) {
	code := newCode(r.ID)
	var answer string
	err := audit.Change(ctx, s.Store, s.Log, caller, func(tx *store.Tx) (audit.Event, error) {
		row := r.code(person, tx.Now)
		event := audit.Event{Name: audit.ConsentDenied, UserID: person.UserID, ClientID: r.Client.ID, Detail: r.RedirectURI.Host()}
		assigned, err := r.Client.letsIn(ctx, tx, person)
		switch {
		case err != nil:
			return event, err
		case !consent.Allow:
			answer = r.Refuse(oauth.AccessDenied, "the request was denied in the browser").Location()
		case !assigned:
			answer = r.Refuse(oauth.AccessDenied, "the person is not assigned to the application").Location()
		default:
			row.State, event.Name = store.CodeIssued, audit.ConsentGiven
			answer = location(r.RedirectURI, "code", code, "state", r.State)
		}
		added, err := tx.AddCode(row, s.Ring.Digest(digestCode, code))
		if err != nil {
			return event, err
		}
		if !added {
			return event, authorizeDecided
		}
		if row.State == store.CodeIssued && consent.Remember {
			if err := tx.PutConsent(store.Consent{
				UserID: person.UserID, ClientID: r.Client.ID, Scopes: r.Scopes.String(), ExpiresAt: r.Client.consentEnds(tx.Now).UnixMilli(),
			}); err != nil {
				return event, err
			}
		}
		return event, nil
	})
	if err != nil {
		return "", err
	}
	return answer, nil
}

// code is the row of the decision, which denies until it is made.
func (r AuthorizeRequest) code(person Person, now time.Time) store.Code {
	return store.Code{
		RequestID: r.ID, State: store.CodeDenied, ClientID: r.Client.ID, ClientName: r.Client.Name, RedirectURI: r.RedirectURI.String(),
		Challenge: r.Challenge.String(), Nonce: r.Nonce, Scopes: r.Scopes.String(), UserID: person.UserID, SignInID: person.SignInID,
		AuthTime: person.AuthTime.UnixMilli(), ExpiresAt: now.Add(codeLifetime).UnixMilli(),
	}
}

// letsIn reports whether the person may use the client: an application may ask that they are assigned to it.
func (c Client) letsIn(ctx context.Context, tx *store.Tx, person Person) (bool, error) {
	if c.ApplicationID == "" {
		return true, nil
	}
	row, found, err := tx.Application(c.ApplicationID)
	if err != nil || !found {
		return false, err
	}
	err = checkAssignment(ctx, tx, application{store.ConfiguredApplication{Application: row}}, store.User{UserID: person.UserID})
	if _, refused := fault.As(err); refused {
		return false, nil
	}
	return err == nil, err
}
