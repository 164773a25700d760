package store

// Device is a device authorization (RFC 8628): what a device asked for and what the person decided.
type Device struct {
	DeviceID        string
	State           string // one of the Device… states
	ClientID        string // registration id
	ClientName      string
	ClientCreatedAt int64
	Scopes          string
	Address         string // of the device that asks
	Agent           string
	CreatedAt       int64
	ExpiresAt       int64
	UserID          string // who decided
	SignInID        string
	AuthTime        int64
	SessionID       string // what redeeming it issued
	SpentAt         int64
	SpentFrom       string
}

// The states of a device authorization. They only ever move forward: pending to approved or denied, approved to spent.
const (
	DevicePending  = "pending"
	DeviceApproved = "approved"
	DeviceDenied   = "denied"
	DeviceSpent    = "spent"
)

const deviceColumns = `device_id, state, client_id, client_name, client_created_at, scopes, address, agent, created_at, expires_at,
	user_id, sign_in_id, auth_time, session_id, spent_at, spent_from`

func scanDevice(r row) Device {
	return Device{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.text(5), r.text(6), r.text(7), r.int(8), r.int(9),
		r.text(10), r.text(11), r.int(12), r.text(13), r.int(14), r.text(15)}
}

// AddDevice records a pending device authorization. It reports false when a live one has the same user code.
func (tx *Tx) AddDevice(d Device, codeDigest, userCodeDigest string) (bool, error) {
	if _, err := tx.exec(`DELETE FROM device_authorization WHERE user_code_digest = $1 AND expires_at <= $2`,
		userCodeDigest, tx.Millis()); err != nil {
		return false, err
	}
	added, err := tx.exec(`INSERT INTO device_authorization (device_id, code_digest, user_code_digest, state, client_id, client_name,
			client_created_at, scopes, address, agent, created_at, expires_at, user_id, sign_in_id, auth_time, decided_at, decided_from,
			session_id, spent_at, spent_from)
		VALUES ($1, $2, $3, 'pending', $4, $5, $6, $7, $8, $9, $10, $11, '', '', 0, 0, '', '', 0, '')
		ON CONFLICT (user_code_digest) DO NOTHING`,
		d.DeviceID, codeDigest, userCodeDigest, d.ClientID, d.ClientName, d.ClientCreatedAt, d.Scopes, d.Address, d.Agent,
		d.CreatedAt, d.ExpiresAt)
	return added == 1, err
}

// DeviceByCode finds a device authorization by the whole device code and the client it was given to.
func (tx *Tx) DeviceByCode(deviceID, codeDigest, clientID string) (d Device, found bool, err error) {
	found, err = tx.one(`SELECT `+deviceColumns+` FROM device_authorization
		WHERE device_id = $1 AND code_digest = $2 AND client_id = $3`,
		func(r row) { d = scanDevice(r) }, deviceID, codeDigest, clientID)
	return d, found, err
}

// PollDevice finds how far a device authorization has come, by the whole device code and the client it was given to: the state and the end
// of what DeviceByCode finds, and no more, because it is asked again and again.
func (tx *Tx) PollDevice(deviceID, codeDigest, clientID string) (d Device, found bool, err error) {
	found, err = tx.one(`SELECT state, expires_at FROM device_authorization
		WHERE device_id = $1 AND code_digest = $2 AND client_id = $3`,
		func(r row) { d = Device{DeviceID: deviceID, State: r.text(0), ExpiresAt: r.int(1)} }, deviceID, codeDigest, clientID)
	return d, found, err
}

// DeviceByUserCode finds a device authorization by what the person typed.
func (tx *Tx) DeviceByUserCode(userCodeDigest string) (d Device, found bool, err error) {
	found, err = tx.one(`SELECT `+deviceColumns+` FROM device_authorization WHERE user_code_digest = $1`,
		func(r row) { d = scanDevice(r) }, userCodeDigest)
	return d, found, err
}

// Device finds a device authorization by its id.
func (tx *Tx) Device(deviceID string) (d Device, found bool, err error) {
	found, err = tx.one(`SELECT `+deviceColumns+` FROM device_authorization WHERE device_id = $1`,
		func(r row) { d = scanDevice(r) }, deviceID)
	return d, found, err
}

// Decision is what a person made of a device authorization.
type Decision struct {
	State    string // DeviceApproved or DeviceDenied
	UserID   string
	SignInID string
	AuthTime int64
	Address  string
}

// DecideDevice moves a pending device authorization that has not expired to the decision, and reports whether it did.
func (tx *Tx) DecideDevice(deviceID string, d Decision) (bool, error) {
	changed, err := tx.exec(`UPDATE device_authorization
		SET state = $2, user_id = $3, sign_in_id = $4, auth_time = $5, decided_at = $6, decided_from = $7
		WHERE device_id = $1 AND state = 'pending' AND expires_at > $6`,
		deviceID, d.State, d.UserID, d.SignInID, d.AuthTime, tx.Millis(), d.Address)
	return changed == 1, err
}

// Spending says what a one-time thing was spent for.
type Spending struct {
	SessionID string
	Address   string
}

// SpendDevice moves an approved device authorization that has not expired to spent, and reports whether it did. Of any number of
// callers one succeeds.
func (tx *Tx) SpendDevice(deviceID string, s Spending) (bool, error) {
	changed, err := tx.exec(`UPDATE device_authorization SET state = 'spent', session_id = $2, spent_at = $3, spent_from = $4
		WHERE device_id = $1 AND state = 'approved' AND expires_at > $3`, deviceID, s.SessionID, tx.Millis(), s.Address)
	return changed == 1, err
}
