// Package workload is what people and programs do to a site while it is in trouble: many workers sign in in every way, refresh, get credentials, sign
// out, are hired and dismissed, until they are told to stop. Workers keep to logins of their own. That no answer comes is nothing to them: they wait
// a moment and go on, as clients do.
package workload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sallyport/test/prove/clerk"
	"sallyport/test/prove/ledger"
)

const (
	// carried is how many living logins a worker keeps for later refreshes.
	carried = 12
	// breath is the wait after a request without an answer, so that a server that is away is not asked thousands of times.
	breath = 20 * time.Millisecond
)

// Workload is a set of workers, who go on where they stopped.
type Workload struct {
	*clerk.Clerk
	// Prefix begins the names of all logins. A workload that goes on with the ledger of another needs one of its own.
	Prefix string

	workers []*worker
	answers atomic.Int64
}

// New makes a workload of so many workers. The seed and the number of a worker decide what that does, as far as answers do not.
func New(c *clerk.Clerk, workers int, seed uint64) *Workload {
	w := &Workload{Clerk: c}
	for i := range workers {
		w.workers = append(w.workers, &worker{Workload: w, number: i, random: rand.New(rand.NewPCG(seed, uint64(i)))})
	}
	return w
}

// Answers counts the acts that had an answer.
func (w *Workload) Answers() int64 { return w.answers.Load() }

// Run works until ctx ends. Requests that are in flight then are waited for. An error is one of the ledger.
func (w *Workload) Run(ctx context.Context) error {
	var running sync.WaitGroup
	failed := make(chan error, len(w.workers))
	for _, worker := range w.workers {
		running.Go(func() {
			for ctx.Err() == nil {
				if err := worker.work(ctx); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// worker is one of those who work side by side.
type worker struct {
	*Workload
	number, begun int
	random        *rand.Rand
	living        []string // logins with a session, of any kind
	stopped       error    // of the ledger
}

// acts are what a worker chooses from, by their weights.
var acts = []struct {
	weight int
	do     func(*worker, context.Context)
}{
	{25, (*worker).refresh},
	{20, (*worker).deviceLogin},
	{8, (*worker).deviceLoginDenied},
	{8, (*worker).deviceLoginLeft},
	{12, (*worker).codeLogin},
	{12, (*worker).assertionLogin},
	{6, (*worker).exchange},
	{8, (*worker).vend},
	{6, (*worker).logout},
	{3, (*worker).refreshTwice},
	{3, (*worker).career},
	{2, (*worker).season},
}

// work does one thing from its beginning to its end.
func (w *worker) work(ctx context.Context) error {
	total := 0
	for _, act := range acts {
		total += act.weight
	}
	at := w.random.IntN(total)
	for _, act := range acts {
		if at -= act.weight; at < 0 {
			act.do(w, context.WithoutCancel(ctx)) // a request that was begun is finished
			break
		}
	}
	return w.stopped
}

// did counts an act and reports whether it was acknowledged. The worker takes a breath when there was no answer.
func (w *worker) did(outcome clerk.Outcome, err error) bool {
	if err != nil {
		w.stopped = err
		return false
	}
	if outcome.Result == ledger.Failed {
		time.Sleep(breath)
		return false
	}
	w.answers.Add(1)
	return outcome.OK()
}

// name is that of a login that begins.
func (w *worker) name(kind string) string {
	w.begun++
	return fmt.Sprintf("%sw%d-%d-%s", w.Prefix, w.number, w.begun, kind)
}

// keep takes a login among those that are used later. One that has to make room is left as it is.
func (w *worker) keep(name string) {
	if len(w.living) < carried {
		w.living = append(w.living, name)
		return
	}
	w.living[w.random.IntN(carried)] = name
}

// pick chooses a login that lives, as far as the ledger knows, and that want likes.
func (w *worker) pick(want func(ledger.Login) bool) (string, bool) {
	for len(w.living) > 0 {
		at := w.random.IntN(len(w.living))
		name := w.living[at]
		lives, wanted := false, false
		w.Ledger.Look(func(book *ledger.Book, now int64) {
			login := book.Logins[name]
			lives, wanted = login.End.Sure == ledger.No && book.Expect(login, now) != ledger.Dead, want == nil || want(*login)
		})
		if lives && wanted {
			return name, true
		}
		if lives {
			return "", false
		}
		w.living = slices.Delete(w.living, at, at+1)
	}
	return "", false
}

func (w *worker) deviceLogin(ctx context.Context) {
	name := w.name("device")
	if w.did(w.BeginDevice(ctx, name)) && w.poll(ctx, name) && w.did(w.Decide(ctx, name, ledger.Approve, w.World.Alice)) && w.did(w.Redeem(ctx, name)) {
		w.keep(name)
		if w.did(w.Turn(ctx, name)) {
			w.did(w.Turn(ctx, name))
		}
	}
}

// poll asks for tokens before there are any, sometimes.
func (w *worker) poll(ctx context.Context, name string) bool {
	if w.random.IntN(3) == 0 {
		w.did(w.Redeem(ctx, name))
	}
	return w.stopped == nil
}

func (w *worker) deviceLoginDenied(ctx context.Context) {
	name := w.name("denied")
	if w.did(w.BeginDevice(ctx, name)) && w.did(w.Decide(ctx, name, ledger.Deny, w.World.Alice)) {
		w.did(w.Redeem(ctx, name))
	}
}

// deviceLoginLeft leaves a device authorization pending or approved, for the check to redeem.
func (w *worker) deviceLoginLeft(ctx context.Context) {
	name := w.name("left")
	if w.did(w.BeginDevice(ctx, name)) && w.random.IntN(2) == 0 {
		w.did(w.Decide(ctx, name, ledger.Approve, w.World.Alice))
	}
}

func (w *worker) codeLogin(ctx context.Context) {
	name := w.name("code")
	if w.did(w.BeginCode(ctx, name, w.World.Alice)) && w.random.IntN(5) > 0 && w.did(w.Redeem(ctx, name)) {
		w.keep(name)
		w.did(w.Turn(ctx, name))
	}
}

func (w *worker) assertionLogin(ctx context.Context) {
	name := w.name("assertion")
	if w.stopped = w.BeginAssertion(name, w.World.Front, w.World.Alice); w.stopped == nil && w.did(w.Redeem(ctx, name)) {
		w.keep(name)
	}
}

func (w *worker) exchange(ctx context.Context) {
	parent, found := w.pick(func(l ledger.Login) bool { return l.Client == w.World.Front })
	if !found {
		return
	}
	name := w.name("exchange")
	if w.stopped = w.BeginExchange(name, parent, w.World.Behind); w.stopped == nil && w.did(w.Redeem(ctx, name)) {
		w.keep(name)
	}
}

func (w *worker) refresh(ctx context.Context) {
	if name, found := w.pick(func(l ledger.Login) bool { newest, has := l.Newest(); return has && newest.Refresh != "" }); found {
		w.did(w.Turn(ctx, name))
	}
}

// refreshTwice refreshes one session from two sides at once, as two processes of a person do.
func (w *worker) refreshTwice(ctx context.Context) {
	name, found := w.pick(func(l ledger.Login) bool { newest, has := l.Newest(); return has && newest.Refresh != "" })
	if !found {
		return
	}
	login, _ := w.Ledger.Login(name)
	newest, _ := login.Newest()
	var both sync.WaitGroup
	var outcomes [2]clerk.Outcome
	var errs [2]error
	for i := range outcomes {
		both.Go(func() { outcomes[i], errs[i] = w.TurnBy(ctx, name, newest.Refresh) })
	}
	both.Wait()
	for i := range outcomes {
		w.did(outcomes[i], errs[i])
	}
}

func (w *worker) vend(ctx context.Context) {
	if name, found := w.pick(clerk.OpensPortal); found {
		w.did(w.Vend(ctx, name, "111122223333", "AdministratorAccess"))
	}
}

func (w *worker) logout(ctx context.Context) {
	if name, found := w.pick(clerk.OpensPortal); found {
		w.did(w.Logout(ctx, name))
	}
}

// career is the life of somebody who is hired, assigned, signed in in two ways, perhaps unassigned, and perhaps dismissed.
func (w *worker) career(ctx context.Context) {
	person, err := w.Hire(ctx, w.name("person"))
	if err != nil {
		return // nobody was hired, as far as anybody knows
	}
	device, code := w.name("device"), w.name("code")
	if !w.did(w.Assign(ctx, person, true)) || !w.did(w.BeginDevice(ctx, device)) || !w.did(w.Decide(ctx, device, ledger.Approve, person)) ||
		!w.did(w.Redeem(ctx, device)) || !w.did(w.Vend(ctx, device, w.World.Account, w.World.SetName)) || !w.did(w.BeginCode(ctx, code, person)) {
		return
	}
	if w.random.IntN(2) == 0 && !w.did(w.Assign(ctx, person, false)) {
		return
	}
	if w.random.IntN(2) == 0 {
		w.did(w.Dismiss(ctx, person))
	}
}

// season disables an application with sessions and enables it again, unless something comes between. One worker does, since it is one application.
func (w *worker) season(ctx context.Context) {
	if w.number != 0 {
		return
	}
	for range 2 {
		name := w.name("seasonal")
		if w.stopped = w.BeginAssertion(name, w.World.Seasonal, w.World.Alice); w.stopped != nil || !w.did(w.Redeem(ctx, name)) {
			break
		}
	}
	if w.stopped == nil && w.did(w.Enable(ctx, w.World.Seasonal, false)) && w.random.IntN(3) > 0 {
		w.did(w.Enable(ctx, w.World.Seasonal, true))
	}
}
