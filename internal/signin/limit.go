package signin

import (
	"fmt"
	"net/netip"
	"time"

	"sallyport/internal/api"
	"sallyport/internal/audit"
	"sallyport/internal/store"
)

// party is who makes a try. Its texts are the identities that failures are counted by.
type party struct {
	user    string // key of the name that was typed, known or not; or the id of who is signed in
	place   string // the network, when the person typed for has signed in from there lately
	address string // one address, or the /64 that one IPv6 subscriber has
	network string // the neighbourhood, where one owner has many addresses
}

// budget bounds failures of one kind within a window. The window begins with the first failure, and its end stands: tries beyond the
// limit do not prolong it.
type budget struct {
	name   string
	limit  int64
	window time.Duration
	counts func(party) string // whose failures share a tally
	alarm  alarm
}

// alarm is what a budget has to do with the alarm: a state in which everybody waits a little after a failure. It is raised while a
// budget of all together is spent. Refusing everybody then would let strangers shut the door for all.
type alarm int

const (
	always alarm = iota // bounds at any time
	raises              // never refuses; the alarm stands while it is spent
	during              // bounds during the alarm only
)

func byUser(p party) string    { return p.user + "\x00" + p.place }
func byAddress(p party) string { return p.address }
func byNetwork(p party) string { return p.network }
func byAll(party) string       { return "" }

// Budgets are spent in their order and the first that is over ends the count: what an address may no longer do cannot lock a
// name, and what is locked already cannot raise the alarm. What is refused is no failure, so it is not counted in the budgets before
// either: one name or one person beyond the limit cannot spend what an office has.
//
// userBudget bounds guesses at one name. Places from which the person has signed in lately have a tally of their own for that name, so
// that strangers who lock it, on purpose and again and again, do not lock the person out at the usual place. Names that nobody
// has are counted like others, or the lock would tell who exists.
var (
	userBudget = budget{"signin-user", 10, 15 * time.Minute, byUser, always}

	signInAlarm = budget{"signin-all", 1000, 15 * time.Minute, byAll, raises}

	signInBudgets = []budget{
		{"signin-address", 50, 15 * time.Minute, byAddress, always},  // an office behind one address mistypes less than this
		{"signin-network", 500, 15 * time.Minute, byNetwork, always}, // one guess for each of many names from many addresses
		{"signin-pace", 1, time.Minute, byAddress, during},           // a fifteenth of what an address may do otherwise
		userBudget,
		signInAlarm,
	}
)

// A user code has 34.6 bits and lives ten minutes. With 1,000 codes alive, ten accounts guessing at the full rate of the first two
// budgets hit one in ten years. Whoever guesses has to be signed in, so that the user is what attackers are short of.
var (
	userCodeAlarm = budget{"usercode-all", 1000, 24 * time.Hour, byAll, raises}

	userCodeBudgets = []budget{
		{"usercode-address", 20, 10 * time.Minute, byAddress, always},
		{"usercode-pace", 1, 5 * time.Minute, byUser, during}, // slower than what a user may do otherwise: 5 in 10 minutes
		{"usercode-user", 5, 10 * time.Minute, byUser, always},
		userCodeAlarm,
	}
)

// Prefix lengths of the networks that are counted as one.
const (
	addressBitsIPv6 = 64 // what one subscriber gets at least, and can draw any number of addresses from
	networkBitsIPv4 = 24
	networkBitsIPv6 = 48
)

// from says where the caller is.
func from(caller api.Caller) party {
	address := caller.Address.Unmap().WithZone("")
	if !address.IsValid() {
		return party{address: "unknown", network: "unknown"}
	}
	if address.Is4() {
		return party{address: address.String(), network: prefix(address, networkBitsIPv4)}
	}
	return party{address: prefix(address, addressBitsIPv6), network: prefix(address, networkBitsIPv6)}
}

func prefix(address netip.Addr, bits int) string {
	network, err := address.Prefix(bits)
	if err != nil {
		panic(err) // the bits are constants that fit the family
	}
	return network.String()
}

// known reports whether one of the addresses is in the same place as the party.
func (p party) known(addresses []string) bool {
	for _, text := range addresses {
		if address, err := netip.ParseAddr(text); err == nil && from(api.Caller{Address: address}).address == p.address {
			return true
		}
	}
	return false
}

// tallyKey names the tally of a party under a budget. What people typed is digested: they type passwords into the name field.
func (s *Service) tallyKey(b budget, p party) string {
	return b.name + "/" + s.ring.Digest("attempt", b.name+"\x00"+b.counts(p))
}

// tally is one failure counted in advance.
type tally struct {
	key  string
	ends int64
}

// admission is the outcome of counting a try.
type admission struct {
	counted []tally
	wait    time.Duration // until the budget that is over begins anew; 0 when none is
	over    budget
	first   bool // this try is the first that the budget refuses
}

// refused reports whether the try may not go on.
func (a admission) refused() bool { return a.wait > 0 }

// admit counts a failure in advance under each of the budgets. The try goes on only if none is over, and giveBack takes the count back
// when it turns out to be none.
func (s *Service) admit(tx *store.Tx, budgets []budget, alarmed bool, p party) (a admission, err error) {
	for _, b := range budgets {
		if b.alarm == during && !alarmed {
			continue
		}
		key := s.tallyKey(b, p)
		count, ends, err := tx.CountAttempt(key, tx.Now.Add(b.window).UnixMilli())
		if err != nil {
			return admission{}, err
		}
		if b.alarm != raises && count > b.limit {
			return admission{wait: until(tx, ends), over: b, first: count == b.limit+1}, giveBack(tx, a.counted)
		}
		a.counted = append(a.counted, tally{key, ends})
	}
	return a, nil
}

// alarmed reports whether the budget that raises the alarm is spent.
func (s *Service) alarmed(tx *store.Tx, b budget) (bool, error) {
	count, _, err := tx.Attempts(s.tallyKey(b, party{}))
	return count >= b.limit, err
}

// standing returns how long the party would have to wait, without counting anything.
func (s *Service) standing(tx *store.Tx, budgets []budget, alarmed bool, p party) (time.Duration, error) {
	for _, b := range budgets {
		if b.alarm == raises || b.alarm == during && !alarmed {
			continue
		}
		count, ends, err := tx.Attempts(s.tallyKey(b, p))
		if err != nil {
			return 0, err
		}
		if count >= b.limit {
			return until(tx, ends), nil
		}
	}
	return 0, nil
}

func giveBack(tx *store.Tx, counted []tally) error {
	for _, t := range counted {
		if err := tx.UncountAttempt(t.key, t.ends); err != nil {
			return err
		}
	}
	return nil
}

func until(tx *store.Tx, ends int64) time.Duration { return time.UnixMilli(ends).Sub(tx.Now) }

// lockEvent tells of a budget that is over. It is recorded once in a window, so that a flood fills no table.
func lockEvent(name audit.Name, userID string, b budget) audit.Event {
	return audit.Event{Name: name, UserID: userID, Detail: fmt.Sprintf("%s: more than %d in %v", b.name, b.limit, b.window)}
}

// wholeMinutes rounds a wait up. Seconds would tell when the first of the failures was, and two names from each other.
func wholeMinutes(wait time.Duration) time.Duration {
	return (wait + time.Minute - 1).Truncate(time.Minute)
}

// tryAgain says when, in whole minutes that are never too few.
func tryAgain(wait time.Duration) string {
	minutes := int64(wholeMinutes(wait) / time.Minute)
	if minutes == 1 {
		return "try again in 1 minute"
	}
	return fmt.Sprintf("try again in %d minutes", minutes)
}
