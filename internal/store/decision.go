package store

import (
	"strconv"
	"strings"
	"sync"
)

// KeptDecision is why a request was refused, for operators.
type KeptDecision struct {
	RequestID string
	Operation string
	Principal string // who called, empty if nobody was verified
	Exception string
	Message   string // what the caller was told
	Cause     string // what the caller was not told
	Trace     string // the checks, as JSON
	CreatedAt int64
}

const decisionColumns = `request_id, operation, principal, exception, message, cause, trace, created_at`

func decisionOf(r row) KeptDecision {
	return KeptDecision{r.text(0), r.text(1), r.text(2), r.text(3), r.text(4), r.text(5), r.text(6), r.int(7)}
}

// decisionChunks are the numbers of rows for which there is an INSERT: few statements for the database to prepare and keep, and few to
// run for any number of rows.
var decisionChunks = []int{64, 8, 1}

var addDecisions = sync.OnceValue(func() map[int]string {
	const columns = 8
	statements := map[int]string{}
	for _, rows := range decisionChunks {
		var values strings.Builder
		for bind := range rows * columns {
			switch {
			case bind == 0:
				values.WriteString("(")
			case bind%columns == 0:
				values.WriteString("), (")
			default:
				values.WriteString(", ")
			}
			values.WriteString("$" + strconv.Itoa(bind+1))
		}
		statements[rows] = `INSERT INTO decision (` + decisionColumns + `) VALUES ` + values.String() + `) ON CONFLICT (request_id) DO NOTHING`
	}
	return statements
})

// AddDecisions adds decisions. Of two about one request the first stays.
func (tx *Tx) AddDecisions(decisions []KeptDecision) error {
	for _, rows := range decisionChunks {
		for ; len(decisions) >= rows; decisions = decisions[rows:] {
			var args []any
			for _, d := range decisions[:rows] {
				args = append(args, d.RequestID, d.Operation, d.Principal, d.Exception, d.Message, d.Cause, d.Trace, d.CreatedAt)
			}
			if _, err := tx.exec(addDecisions()[rows], args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// KeptDecision returns the decision about a request, unless it was made before since.
func (tx *Tx) KeptDecision(requestID string, since int64) (d KeptDecision, found bool, err error) {
	found, err = tx.one(`SELECT `+decisionColumns+` FROM decision WHERE request_id = $1 AND created_at >= $2`,
		func(r row) { d = decisionOf(r) }, requestID, since)
	return d, found, err
}

// LatestDecisions returns the youngest decisions, the youngest first, without those that were made before since.
func (tx *Tx) LatestDecisions(since int64, limit int) ([]KeptDecision, error) {
	return list(tx, decisionOf,
		`SELECT `+decisionColumns+` FROM decision WHERE created_at >= $1 ORDER BY created_at DESC, request_id DESC LIMIT $2`, since, limit)
}

// PruneDecisions removes decisions that were made before since, and those beyond the youngest so many; of each at most limit.
func (tx *Tx) PruneDecisions(since int64, youngest, limit int) error {
	_, err := tx.exec(`DELETE FROM decision WHERE request_id IN
		(SELECT request_id FROM decision WHERE created_at < $1 ORDER BY created_at LIMIT $2)`, since, limit)
	if err != nil {
		return err
	}
	_, err = tx.exec(`DELETE FROM decision WHERE request_id IN
		(SELECT request_id FROM decision ORDER BY created_at DESC, request_id DESC LIMIT $1 OFFSET $2)`, limit, youngest)
	return err
}
