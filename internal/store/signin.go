package store

import (
	"time"

	"sallyport/internal/sys"
)

// SignIn is a person signed in with a browser.
type SignIn struct {
	SignInID  string
	UserID    string
	Address   string // where the person signed in from
	Agent     string
	CreatedAt int64 // when the person proved who they are (auth_time)
	EndsAt    int64
	RevokedAt int64 // 0 while it stands
}

// Live reports whether the sign-in stands at the moment of the transaction.
func (s SignIn) Live(tx *Tx) bool { return s.RevokedAt == 0 && tx.Millis() < s.EndsAt }

// AddSignIn records a sign-in.
func (tx *Tx) AddSignIn(s SignIn) error {
	_, err := tx.exec(`INSERT INTO sign_in (sign_in_id, user_id, address, agent, created_at, ends_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, $6, 0)`, s.SignInID, s.UserID, s.Address, s.Agent, s.CreatedAt, s.EndsAt)
	return err
}

// SignIn finds a sign-in by id.
func (tx *Tx) SignIn(signInID string) (s SignIn, found bool, err error) {
	found, err = tx.one(`SELECT sign_in_id, user_id, address, agent, created_at, ends_at, revoked_at FROM sign_in WHERE sign_in_id = $1`,
		func(r row) { s = SignIn{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.int(5), r.int(6)} }, signInID)
	return s, found, err
}

// SignInWithUser finds a sign-in and the person it belongs to in one read.
func (tx *Tx) SignInWithUser(signInID string) (s SignIn, user User, found bool, err error) {
	found, err = tx.one(`SELECT directory_user.user_id, user_name, display_name, given_name, family_name, email, status,
			sign_in_id, address, agent, sign_in.created_at, ends_at, revoked_at
		FROM sign_in JOIN directory_user ON directory_user.user_id = sign_in.user_id WHERE sign_in_id = $1`,
		func(r row) {
			user = scanUser(r)
			s = SignIn{r.text(7), user.UserID, r.text(8), r.text(9), r.int(10), r.int(11), r.int(12)}
		}, signInID)
	return s, user, found, err
}

// SignInAddresses returns up to limit addresses that the user signed in from lately: within the time that ended sign-ins are kept.
func (tx *Tx) SignInAddresses(userID string, limit int) ([]string, error) {
	return list(tx, func(r row) string { return r.text(0) },
		`SELECT DISTINCT address FROM sign_in WHERE user_id = $1 LIMIT $2`, userID, limit)
}

// ContinueSignIn moves the sessions that were granted out of one sign-in to another, with the codes that still wait to become sessions,
// and ends the one. From a sign-in that was ended nothing moves: who signed out meanwhile has signed out of all of it.
func (tx *Tx) ContinueSignIn(from, to string) error {
	ended, err := tx.exec(`UPDATE sign_in SET revoked_at = $2 WHERE sign_in_id = $1 AND revoked_at = 0`, from, tx.Millis())
	if err != nil || ended == 0 {
		return err
	}
	young := sys.FirstID(tx.Now.Add(-codesLive)) // ids sort by age: older codes are not looked at
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`UPDATE session SET sign_in_id = $2 WHERE sign_in_id = $1`, []any{from, to}},
		{`UPDATE device_authorization SET sign_in_id = $2 WHERE sign_in_id = $1 AND device_id >= $3`, []any{from, to, young}},
		{`UPDATE authorization_code SET sign_in_id = $2 WHERE sign_in_id = $1 AND request_id >= $3`, []any{from, to, young}},
	} {
		if _, err := tx.exec(step.statement, step.args...); err != nil {
			return err
		}
	}
	return nil
}

// codesLive is at least as long as any code waits to be redeemed, from the moment its row or request was made.
const codesLive = time.Hour

// RevokeSignIn ends a sign-in and every session that was granted out of it.
func (tx *Tx) RevokeSignIn(signInID, because string) error {
	if _, err := tx.exec(`UPDATE sign_in SET revoked_at = $2 WHERE sign_in_id = $1 AND revoked_at = 0`, signInID, tx.Millis()); err != nil {
		return err
	}
	_, err := tx.exec(`UPDATE session SET revoked_at = $2, revoked_because = $3 WHERE sign_in_id = $1 AND revoked_at = 0`,
		signInID, tx.Millis(), because)
	return err
}

// RevokeSessionsOfUser ends every sign-in and every session of the user.
func (tx *Tx) RevokeSessionsOfUser(userID, because string) error {
	if _, err := tx.exec(`UPDATE sign_in SET revoked_at = $2 WHERE user_id = $1 AND revoked_at = 0`, userID, tx.Millis()); err != nil {
		return err
	}
	_, err := tx.exec(`UPDATE session SET revoked_at = $2, revoked_because = $3 WHERE user_id = $1 AND revoked_at = 0`,
		userID, tx.Millis(), because)
	return err
}
