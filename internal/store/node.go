package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"slices"
	"time"
)

// Node is a server process over a database that several share.
type Node struct {
	NodeID          string
	Host            string // the machine that it runs on
	Program         string // the version of the program
	NewestMigration string // the newest file of the schema's history that it knows
	StartedAt       int64  // by the database's clock, as is SeenAt
	SeenAt          int64
}

const (
	// beatEvery is how often a node says that it lives, and liveFor for how long that is believed.
	beatEvery = 10 * time.Second
	liveFor   = time.Minute
)

// Join makes this process one of the nodes until the store is closed: it says that it lives, hears what others change, and may remember what
// the database answered. On SQLite there is nobody to join.
func (s *Store) Join(ctx context.Context, host, program string) error {
	newest, err := newestMigration()
	if err != nil {
		return err
	}
	return s.join(ctx, Node{NodeID: rand.Text(), Host: host, Program: program, NewestMigration: newest})
}

// KeysChanged returns a channel that gets a value after the key ring was changed by whichever node. On SQLite it never does.
func (s *Store) KeysChanged() <-chan struct{} { return s.changed("sealing_key") }

// newestMigration names the newest file of the schema's history in this program.
func newestMigration() (string, error) {
	steps, err := migrationSteps(migrationFiles)
	if err != nil {
		return "", err
	}
	return path.Base(steps[len(steps)-1].file), nil
}

// Nodes returns the nodes that live, or ended without saying so less than an hour ago, and the moment by the clock of the database. On SQLite
// there are none.
func (s *Store) Nodes(ctx context.Context) (nodes []Node, now int64, err error) {
	if now, err = s.now(ctx); err != nil || now == 0 {
		return nil, 0, err
	}
	err = s.View(ctx, func(tx *Tx) (err error) {
		nodes, err = tx.nodes(s.tables())
		return err
	})
	return nodes, now, err
}

const nodeColumns = `node_id, host, program, newest_migration, started_at, seen_at`

func scanNode(r row) Node {
	return Node{r.text(0), r.text(1), r.text(2), r.text(3), r.int(4), r.int(5)}
}

// nodes returns what the table of nodes has. A database of an older release has none.
func (tx *Tx) nodes(tables string) ([]Node, error) {
	there, err := list(tx, func(r row) string { return r.text(0) }, tables)
	if err != nil || !slices.Contains(there, "node") {
		return nil, err
	}
	return list(tx, scanNode, `SELECT `+nodeColumns+` FROM node ORDER BY started_at, node_id`)
}

// Live reports whether the node lives at the moment of the database's clock, as far as is known.
func (n Node) Live(now int64) bool { return now-n.SeenAt < liveFor.Milliseconds() }

// String names the node as people know it.
func (n Node) String() string {
	return fmt.Sprintf("%s on %s (%s)", n.NodeID[:min(8, len(n.NodeID))], n.Host, n.Program)
}
