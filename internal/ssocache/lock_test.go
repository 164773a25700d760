package ssocache

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// roleEnvironment makes the test binary one of many processes.
const roleEnvironment = "SSOCACHE_TEST_ROLE"

const sharedKey = "shared"

func TestMain(m *testing.M) {
	roles := map[string]func(Cache) error{"refresh": refreshAll, "hold": holdForEver}
	role, isRole := roles[os.Getenv(roleEnvironment)]
	if !isRole {
		os.Exit(m.Run())
	}
	if err := role(Open(os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

const rounds = 20

// refreshAll replaces the token by its successor again and again, as refreshes do: reads under the lock, then writes.
func refreshAll(c Cache) error {
	for range rounds {
		unlock, err := c.Lock(context.Background(), sharedKey)
		if err != nil {
			return err
		}
		token, err := c.ReadToken(sharedKey)
		if err == nil {
			generation, _ := strconv.Atoi(token.RefreshToken)
			token.RefreshToken = strconv.Itoa(generation + 1)
			err = c.WriteToken(sharedKey, token)
		}
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// holdForEver takes the lock, says so, and never gives it back.
func holdForEver(c Cache) error {
	if _, err := c.Lock(context.Background(), sharedKey); err != nil {
		return err
	}
	fmt.Println("locked")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func process(t *testing.T, role string, c Cache) *exec.Cmd {
	t.Helper()
	p := exec.CommandContext(t.Context(), os.Args[0], c.dir)
	p.Env = append(os.Environ(), roleEnvironment+"="+role)
	return p
}

// No successor is lost, whoever refreshes, and a reader without the lock never sees half a token.
func TestManyRefreshersLoseNoSession(t *testing.T) {
	const goroutines, processes = 8, 8
	c := Open(t.TempDir())
	first := sampleToken
	first.RefreshToken = "0"
	if err := c.WriteToken(sharedKey, first); err != nil {
		t.Fatal(err)
	}
	var refreshers, readers sync.WaitGroup
	done := make(chan struct{})
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := c.ReadToken(sharedKey); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range goroutines {
		refreshers.Go(func() {
			if err := refreshAll(c); err != nil {
				t.Error(err)
			}
		})
	}
	for range processes {
		p := process(t, "refresh", c)
		refreshers.Go(func() {
			if out, err := p.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	refreshers.Wait()
	close(done)
	readers.Wait()
	token, err := c.ReadToken(sharedKey)
	if want := strconv.Itoa(rounds * (goroutines + processes)); err != nil || token.RefreshToken != want {
		t.Errorf("generation %s of %s is left, %v", token.RefreshToken, want, err)
	}
}

func TestTheLockOfAKilledProcessIsFree(t *testing.T) {
	c := Open(t.TempDir())
	holder := process(t, "hold", c)
	if _, err := holder.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if said, err := bufio.NewReader(out).ReadString('\n'); said != "locked\n" {
		t.Fatalf("the holder said %q, %v", said, err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := c.Lock(short, sharedKey); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("while it was held: %v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	holder.Wait()
	unlock, err := c.Lock(t.Context(), sharedKey)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestLocksOfDifferentKeysDoNotMeet(t *testing.T) {
	c := Open(Dir(t.TempDir()))
	for _, key := range []string{"a", "b"} {
		unlock, err := c.Lock(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Lock(over, "c"); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v", err)
	}
	if _, err := c.Lock(t.Context(), "../c"); err == nil {
		t.Error("a key that leaves the folder was locked")
	}
}
