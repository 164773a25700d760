package creds

import (
	"fmt"
	"testing"

	"sallyport/internal/keys"
	"sallyport/internal/store"
)

func TestSecretsOfAccessKeysMoveToTheKeyInUse(t *testing.T) {
	n := newNode(t)
	secrets := map[string]string{}
	const many = 2*resealAtOnce + 7
	add := func(id, sealed string) {
		t.Helper()
		err := n.rows.Update(ctx, func(tx *store.Tx) error {
			return tx.AddAccessKey(store.AccessKey{AccessKeyID: id, SealedSecret: sealed, AccountID: "111122223333", UserName: "ops"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range many {
		id := fmt.Sprintf("AKIA%04d", i)
		secrets[id] = "secret of " + id
		add(id, SealAccessKeySecret(n.ring, id, secrets[id]))
	}
	add("AKIAMOVED", SealAccessKeySecret(n.ring, "AKIA0000", "of another row"))
	if moved, err := ResealAccessKeys(ctx, n.rows, n.ring); err != nil || moved != 0 {
		t.Errorf("%d moved before there was another key, %v", moved, err)
	}
	current, err := n.ring.Rotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{many, 0} {
		if moved, err := ResealAccessKeys(ctx, n.rows, n.ring); err != nil || moved != want {
			t.Errorf("%d moved, %v, want %d", moved, err, want)
		}
	}
	var rows []store.AccessKey
	err = n.rows.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.AccessKeys()
		return err
	})
	if err != nil || len(rows) != many+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		by, _ := keys.SealedBy(row.SealedSecret)
		secret, ok := OpenAccessKeySecret(n.ring, row.AccessKeyID, row.SealedSecret)
		if damaged := row.AccessKeyID == "AKIAMOVED"; ok == damaged || secret != secrets[row.AccessKeyID] || (by == current) == damaged {
			t.Errorf("%s has the secret %q under key %s", row.AccessKeyID, secret, by)
		}
	}
}
