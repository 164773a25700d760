package page

import (
	"slices"
	"strings"
	"testing"

	"sallyport/internal/api"
	"sallyport/internal/keys"
	"sallyport/internal/testbed"
)

func itself(row string) []string { return []string{row, "of " + row} }

var letters = strings.Split("abcdefg", "")

// pages collects the pages of a list, each asked for with the token of the one before.
func pages(t *testing.T, ring *keys.Ring, r Request, next func(Page) ([]string, string)) (all [][]string) {
	t.Helper()
	for range len(letters) + 1 {
		p, err := Open(ring, r)
		if err != nil {
			t.Fatal(err)
		}
		rows, token := next(p)
		all = append(all, rows)
		if r.Token = token; token == "" {
			return all
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func TestPagesAreTheWholeListInItsOrder(t *testing.T) {
	ring := testbed.New(t).Ring
	ask := map[string]func(Page) ([]string, string){
		"rows after the place": func(p Page) ([]string, string) {
			from := 0
			for from < len(letters) && letters[from] <= p.At(0) {
				from++
			}
			return Cut(p, letters[from:min(len(letters), from+p.Limit+1)], itself)
		},
		"all rows": func(p Page) ([]string, string) { return Slice(p, letters, itself) },
	}
	for name, next := range ask {
		for size := int64(1); size <= int64(len(letters))+1; size++ {
			all := pages(t, ring, Request{Operation: api.ListUsers.Operation, Size: &size}, next)
			if got := slices.Concat(all...); !slices.Equal(got, letters) {
				t.Errorf("%s, %d a page: %v", name, size, all)
			}
			for i, rows := range all {
				if last := i == len(all)-1; !last && len(rows) != int(size) || last && (len(rows) == 0 || len(rows) > int(size)) {
					t.Errorf("%s, %d a page: page %d has %v", name, size, i+1, rows)
				}
			}
		}
	}
}

func TestHowLongAPageIs(t *testing.T) {
	ring, seven, many := testbed.New(t).Ring, int64(7), int64(1000)
	for _, c := range []struct {
		name string
		r    Request
		want int
	}{
		{"nobody names a size", Request{}, Default},
		{"the caller names one", Request{Size: &seven}, 7},
		{"the output holds fewer", Request{Size: &many, Most: 10}, 10},
		{"the output holds fewer than the default", Request{Most: 10}, 10},
	} {
		c.r.Operation = api.ListUsers.Operation
		if p, err := Open(ring, c.r); err != nil || p.Limit != c.want {
			t.Errorf("%s: %d, %v", c.name, p.Limit, err)
		}
	}
}

func TestATokenIsGoodForItsListAlone(t *testing.T) {
	bed, one := testbed.New(t), int64(1)
	mine := Request{Operation: api.ListUsers.Operation, Of: []string{"a", "bc"}, Size: &one}
	p, err := Open(bed.Ring, mine)
	if err != nil {
		t.Fatal(err)
	}
	token := p.Token(itself("a")...)
	two := int64(2)
	for _, c := range []struct {
		name string
		ring *keys.Ring
		r    Request
		good bool
	}{
		{"the same list", bed.Ring, mine, true},
		{"another size", bed.Ring, Request{Operation: mine.Operation, Of: mine.Of, Size: &two}, true},
		{"another operation", bed.Ring, Request{Operation: api.ListGroups.Operation, Of: mine.Of}, false},
		{"another parameter", bed.Ring, Request{Operation: mine.Operation, Of: []string{"a", "bd"}}, false},
		{"parameters that read the same in a row", bed.Ring, Request{Operation: mine.Operation, Of: []string{"ab", "c"}}, false},
		{"one parameter fewer", bed.Ring, Request{Operation: mine.Operation, Of: []string{"a"}}, false},
		{"another installation", testbed.New(t).Ring, mine, false},
	} {
		c.r.Token = token
		if p, err := Open(c.ring, c.r); (err == nil) != c.good || c.good && !slices.Equal(p.After, itself("a")) {
			t.Errorf("%s: %v, %v", c.name, p.After, err)
		}
	}
}

func FuzzToken(f *testing.F) {
	ring := testbed.New(f).Ring
	r := Request{Operation: api.ListAccounts.Operation, Of: []string{"alice"}}
	p, err := Open(ring, r)
	if err != nil {
		f.Fatal(err)
	}
	sealed := p.Token("111122223333")
	f.Add(sealed)
	f.Add(sealed[:10])
	f.Add("' OR 1=1 --")
	f.Fuzz(func(t *testing.T, text string) {
		r := r
		r.Token = text
		if p, err := Open(ring, r); err == nil && text != sealed && text != "" {
			t.Errorf("%q is taken for a token after %q", text, p.After)
		}
	})
}
