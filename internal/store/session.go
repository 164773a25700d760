package store

// Session is what a person granted to a client, or what an application got for a person, for as long as it lasts: the one row behind
// every access and refresh token of it.
type Session struct {
	SessionID      string
	UserID         string
	ClientID       string // registration id, or the id of the application
	ClientName     string
	GrantType      string // the grant that began it
	Scopes         string
	Nonce          string // of the authorization request, for the ID token
	SignInID       string
	AuthTime       int64
	CreatedAt      int64
	EndsAt         int64
	Generation     int64  // counts refreshes; the refresh token of an older generation is spent
	RotatedAt      int64  // when the generation began
	KeyID          string // the ring's key that seals the tokens of this generation
	RevokedAt      int64  // 0 while it stands
	RevokedBecause string

	ApplicationID   string // empty for sessions of registered clients, as is all that follows
	Actor           string // JSON of the claim act: through whom the person's identity came (RFC 8693 §4.1)
	MayAct          string // JSON of the claim may_act: who alone may exchange its tokens; empty for anybody (RFC 8693 §4.4)
	IssuerID        string // the trusted token issuer that vouched for the person
	CredentialID    string // by which records of AWS services tell the session
	ParentSessionID string // whose token was exchanged for this session, and whose end ends it

	// ApplicationStatus is the status of the application as it is now, empty for one that is gone; of an exchanged session that of the
	// application above it that is not enabled, if there is one. It is no column of the session.
	ApplicationStatus string
}

// Live reports whether the session stands at the moment of the transaction. One of an application stands as long as that is enabled.
func (s Session) Live(tx *Tx) bool {
	return s.RevokedAt == 0 && tx.Millis() < s.EndsAt && s.ClientStands()
}

// ClientStands reports whether the application of the session may be used, and those whose tokens were exchanged for it. Registrations end by
// themselves, where they are opened.
func (s Session) ClientStands() bool {
	return s.ApplicationID == "" || s.ApplicationStatus == StatusEnabled
}

const sessionColumns = `session.session_id, session.user_id, session.client_id, session.client_name, session.grant_type, session.scopes,
	session.nonce, session.sign_in_id, session.auth_time, session.created_at, session.ends_at, session.generation, session.rotated_at,
	session.key_id, session.revoked_at, session.revoked_because, session.application_id, session.actor, session.may_act, session.issuer_id,
	session.credential_id, session.parent_session_id`

const sessionWidth = 23

func scanSession(r row) Session {
	return Session{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.text(7), r.int(8), r.int(9), r.int(10),
		r.int(11), r.int(12), r.text(13), r.int(14), r.text(15), r.text(16), r.text(17), r.text(18), r.text(19), r.text(20), r.text(21),
		r.text(22)}
}

// AddSession records a session.
func (tx *Tx) AddSession(s Session) error {
	return tx.later(`INSERT INTO session (session_id, user_id, client_id, client_name, grant_type, scopes, nonce, sign_in_id, auth_time,
			created_at, ends_at, generation, rotated_at, key_id, revoked_at, revoked_because, application_id, actor, may_act, issuer_id,
			credential_id, parent_session_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, '', $15, $16, $17, $18, $19, $20)`,
		s.SessionID, s.UserID, s.ClientID, s.ClientName, s.GrantType, s.Scopes, s.Nonce, s.SignInID, s.AuthTime,
		s.CreatedAt, s.EndsAt, s.Generation, s.RotatedAt, s.KeyID, s.ApplicationID, s.Actor, s.MayAct, s.IssuerID,
		s.CredentialID, s.ParentSessionID)
}

// SessionAndUser finds a session, with the status of its application and of those that its tokens came through, and the person it belongs to
// in one read.
func (tx *Tx) SessionAndUser(sessionID string) (s Session, u User, found bool, err error) {
	found, err = tx.one(`SELECT `+sessionColumns+`,
			COALESCE(CASE WHEN session.parent_session_id <> '' THEN (WITH RECURSIVE held (application_id, parent_session_id) AS (
				SELECT p.application_id, p.parent_session_id FROM session p WHERE p.session_id = session.parent_session_id
				UNION ALL SELECT p.application_id, p.parent_session_id FROM session p JOIN held ON p.session_id = held.parent_session_id)
			SELECT COALESCE(a.status, '') FROM held LEFT JOIN application a ON a.application_id = held.application_id
				WHERE held.application_id <> '' AND COALESCE(a.status, '') <> 'ENABLED' LIMIT 1) END, application.status, ''),
			directory_user.user_id, directory_user.user_name, directory_user.display_name,
			directory_user.given_name, directory_user.family_name, directory_user.email, directory_user.status
		FROM session JOIN directory_user ON directory_user.user_id = session.user_id
			LEFT JOIN application ON application.application_id = session.application_id
		WHERE session.session_id = $1`,
		func(r row) { s, u = scanSession(r), scanUserAt(r, sessionWidth) }, sessionID)
	return s, u, found, err
}

const rotateSession = `UPDATE session SET generation = generation + 1, rotated_at = $3, key_id = $4
	WHERE session_id = $1 AND generation = $2 AND revoked_at = 0`

// RotateSession begins the next generation of a session that this transaction has read: at the given generation and standing. Of any number of
// callers one succeeds, and the others read again what it left.
func (tx *Tx) RotateSession(sessionID string, from int64, keyID string) error {
	return tx.laterOne(rotateSession, sessionID, from, tx.Millis(), keyID)
}

// RevokeSession ends a session, and those that came of exchanging its tokens. It reports whether any stood.
//
// Hardly any session was exchanged, so it is ended by itself, and others are looked for only where there are some: PostgreSQL reads all sessions
// for the statement of revokeFrom while there are few, and whoever ends or refreshes another one at that moment has to begin again.
func (tx *Tx) RevokeSession(sessionID, because string) (bool, error) {
	ended, err := tx.exec(`UPDATE session SET revoked_at = $2, revoked_because = $3 WHERE session_id = $1 AND revoked_at = 0`,
		sessionID, tx.Millis(), because)
	if err != nil {
		return false, err
	}
	exchanged, err := tx.one(`SELECT session_id FROM session WHERE parent_session_id = $1 AND parent_session_id > '' LIMIT 1`, func(row) {}, sessionID)
	if err != nil || !exchanged {
		return ended > 0, err
	}
	further, err := tx.revokeFrom(`SELECT session_id FROM session WHERE parent_session_id = $1 AND parent_session_id > ''`, sessionID, because)
	return ended+further > 0, err
}

// RevokeSessionsOfApplication ends every session of an application, and those that came of exchanging their tokens.
func (tx *Tx) RevokeSessionsOfApplication(applicationID, because string) error {
	_, err := tx.revokeFrom(`SELECT session_id FROM session WHERE application_id = $1`, applicationID, because)
	return err
}

// revokeSessionsOfInstance ends every session of the applications of an instance, and those that came of exchanging their tokens.
func (tx *Tx) revokeSessionsOfInstance(instanceID, because string) error {
	_, err := tx.revokeFrom(`SELECT session.session_id FROM session JOIN application ON application.application_id = session.application_id
		WHERE application.instance_id = $1`, instanceID, because)
	return err
}

// revokeFrom ends the sessions that a query selects by $1, and those that came of exchanging their tokens, and returns how many stood. That
// parents are greater than nothing tells PostgreSQL that those which came of others are few: nearly all sessions have the same parent, none.
func (tx *Tx) revokeFrom(selected, by, because string) (ended int, err error) {
	return tx.exec(`UPDATE session SET revoked_at = $2, revoked_because = $3 WHERE revoked_at = 0 AND session_id IN
		(WITH RECURSIVE ended (session_id) AS (`+selected+`
			UNION SELECT session.session_id FROM session JOIN ended ON session.parent_session_id = ended.session_id AND session.parent_session_id > '')
		SELECT session_id FROM ended)`, by, tx.Millis(), because)
}

// revokeSessionsOfIssuer ends the sessions of people whom an issuer vouched for. Those that came of exchanging their tokens name it as well.
func (tx *Tx) revokeSessionsOfIssuer(issuerID, because string) error {
	_, err := tx.exec(`UPDATE session SET revoked_at = $2, revoked_because = $3 WHERE issuer_id = $1 AND revoked_at = 0`,
		issuerID, tx.Millis(), because)
	return err
}
